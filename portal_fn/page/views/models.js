// The models of the loop: what each earned and why it was made, going back to one, and their files.

import { CopyAsCurl, SaveAsCsv } from "../parts/copy.js";
import { Notice } from "../parts/notice.js";
import { Pager } from "../parts/pager.js";
import { Panel } from "../parts/panel.js";
import { STATUS_SECONDS, usePolled } from "../polling.js";
import { useRoute } from "../route.js";
import { html, useEffect, useState } from "../view.js";
import { Bundle } from "./models/bundle.js";
import { Download } from "./models/download.js";
import { Import } from "./models/import.js";
import { PublishDialog } from "./models/publish.js";
import { ModelTable, rowsOf } from "./models/table.js";

const PATH = "rankloop/v1/models";
const PAGE_SIZE = 20;

export function View() {
  const skip = Number(useRoute().query.skip ?? 0) || 0;
  const query = { maxpagesize: PAGE_SIZE, skip };
  const list = usePolled(PATH, Infinity, query);
  const current = usePolled("rankloop/v1/status", STATUS_SECONDS).answer?.model?.id;
  const [chosen, setChosen] = useState(null);
  useEffect(() => {
    if (list.at !== null) list.refresh();
  }, [current]);
  if (list.error && !list.answer)
    return html`<${Notice} kind="trouble" title="The models could not be read." text=${list.error.message} action="Try again" onAction=${list.refresh} />`;
  if (!list.answer) return html`<p class="loading" role="status">Loading …</p>`;
  const { models, signer, nextLink } = list.answer;
  const aside = html`<${CopyAsCurl} path=${PATH} query=${query} /><${SaveAsCsv} name="models" rows=${() => rowsOf(models)} />`;
  return html`
    <div class="models">
      <h1 class="visually-hidden">Models</h1>
      <${Panel} title="Models" aside=${aside}>
        ${models.length === 0 ? html`<p class="hint">${skip ? "There are no models this far back." : "There is no model yet. The first one is made once events with their rewards are learned; it will be here with what it earned. Or import one below."}</p>` : html`<${ModelTable} models=${models} onPublish=${setChosen} />`}
        <${Pager} skip=${skip} size=${PAGE_SIZE} shown=${models.length} more=${Boolean(nextLink)} />
      <//>
      <div class="files">
        <${Download} signer=${signer} />
        <${Import} />
        <${Bundle} />
      </div>
      ${chosen && html`<${PublishDialog} model=${chosen} onClose=${() => setChosen(null)} />`}
    </div>
  `;
}

// How an application calls this loop: what each of the published clients needs, with this address.
import { CopyButton } from "../../parts/copy.js";
import { Panel } from "../../parts/panel.js";
import { changeQuery, useRoute } from "../../route.js";
import { LOOP } from "../../session.js";
import { html } from "../../view.js";

const ADDRESS = LOOP.href.replace(/\/$/, "");

/** A snippet of code for the client that the user chooses. */
export function Snippets() {
  const { query } = useRoute();
  const chosen = CLIENTS.find(({ name }) => name === query.client) ?? CLIENTS[0];
  return html`
    <${Panel} title="Call it from your application" class="snippets" aside=${html`<${CopyButton} title="Copy" text=${chosen.code} />`}>
      <fieldset class="choice">
        <legend class="visually-hidden">Client</legend>
        ${CLIENTS.map(
          ({ name, title }) => html`
            <label><input type="radio" name="client" checked=${name === chosen.name} onChange=${() => changeQuery({ client: name })} /> ${title}</label>
          `,
        )}
      </fieldset>
      <p class="hint">${chosen.needs} ${KEY_HINT}</p>
      <pre class="scroll" tabindex="0" role="region" aria-label=${`Code for ${chosen.title}`}><code>${chosen.code}</code></pre>
    <//>
  `;
}

const NO_KEY_BY_HTTP = ADDRESS.startsWith("http:")
  ? " This client sends no key to an address with http: serve the loop by up --https."
  : "";
const KEY_HINT = "The key is taken from the environment variable KEY.";
const CLIENTS = [
  {
    name: "curl",
    title: "curl",
    needs: "A Rank, and the reward of what was shown.",
    code: `export KEY=your-key

curl -X POST ${ADDRESS}/personalizer/v1.0/rank \\
  -H "Ocp-Apim-Subscription-Key: $KEY" -H "Content-Type: application/json" \\
  -d '{
    "eventId": "visit-1",
    "contextFeatures": [{"time": {"part": "morning"}}, {"device": {"kind": "mobile"}}],
    "actions": [
      {"id": "tea", "features": [{"hot": true}]},
      {"id": "juice", "features": [{"hot": false}]}
    ]
  }'

curl -X POST ${ADDRESS}/personalizer/v1.0/events/visit-1/reward \\
  -H "Ocp-Apim-Subscription-Key: $KEY" -H "Content-Type: application/json" \\
  -d '{"value": 1}'`,
  },
  {
    name: "python",
    title: "Python",
    needs: "PyPI azure-cognitiveservices-personalizer 0.1.1.",
    code: `import os

from azure.cognitiveservices.personalizer import PersonalizerClient
from azure.cognitiveservices.personalizer.models import RankableAction, RankRequest
from msrest.authentication import CognitiveServicesCredentials

client = PersonalizerClient("${ADDRESS}", CognitiveServicesCredentials(os.environ["KEY"]))

actions = [
    RankableAction(id="tea", features=[{"hot": True}]),
    RankableAction(id="juice", features=[{"hot": False}]),
]
ranked = client.rank(RankRequest(actions=actions, context_features=[{"time": {"part": "morning"}}]))
print(ranked.reward_action_id)  # show this action
client.events.reward(ranked.event_id, value=1.0)  # when you know how good it was`,
  },
  {
    name: "python-azure-ai",
    title: "Python, newer package",
    needs: "PyPI azure-ai-personalizer 1.0.0b1.",
    code: `import os

from azure.ai.personalizer import PersonalizerClient
from azure.core.credentials import AzureKeyCredential

client = PersonalizerClient("${ADDRESS}", AzureKeyCredential(os.environ["KEY"]))

ranked = client.rank({
    "contextFeatures": [{"time": {"part": "morning"}}],
    "actions": [
        {"id": "tea", "features": [{"hot": True}]},
        {"id": "juice", "features": [{"hot": False}]},
    ],
})
print(ranked["rewardActionId"])  # show this action
client.events.reward(ranked["eventId"], {"value": 1.0})  # when you know how good it was`,
  },
  {
    name: "csharp",
    title: "C#",
    needs: "NuGet Microsoft.Azure.CognitiveServices.Personalizer. This is the line that changes.",
    code: `using Microsoft.Azure.CognitiveServices.Personalizer;

var key = Environment.GetEnvironmentVariable("KEY");
var client = new PersonalizerClient(new ApiKeyServiceClientCredentials(key)) { Endpoint = "${ADDRESS}" };`,
  },
  {
    name: "csharp-azure-ai",
    title: "C#, newer package",
    needs: "NuGet Azure.AI.Personalizer 2.0.0-beta.1, or beta.2 without local inference. This is the line that changes.",
    code: `using Azure;
using Azure.AI.Personalizer;

var key = Environment.GetEnvironmentVariable("KEY");
var client = new PersonalizerClient(new Uri("${ADDRESS}"), new AzureKeyCredential(key));`,
  },
  {
    name: "java",
    title: "Java",
    needs: `Maven com.azure:azure-ai-personalizer 1.0.0-beta.1. Endpoint and credential are the lines that change.${NO_KEY_BY_HTTP}`,
    code: `import com.azure.ai.personalizer.PersonalizerClient;
import com.azure.ai.personalizer.PersonalizerClientBuilder;
import com.azure.core.credential.AzureKeyCredential;

PersonalizerClient client = new PersonalizerClientBuilder()
    .endpoint("${ADDRESS}")
    .credential(new AzureKeyCredential(System.getenv("KEY")))
    .buildClient();`,
  },
  {
    name: "javascript",
    title: "JavaScript",
    needs: "npm @azure/cognitiveservices-personalizer 2.0.1. This is the line that changes.",
    code: `const { PersonalizerClient } = require("@azure/cognitiveservices-personalizer");
const { CognitiveServicesCredentials } = require("@azure/ms-rest-azure-js");

const client = new PersonalizerClient(new CognitiveServicesCredentials(process.env.KEY), "${ADDRESS}");`,
  },
  {
    name: "javascript-azure-rest",
    title: "JavaScript, newer package",
    needs: "npm @azure-rest/ai-personalizer 1.0.0-beta.1. This is the line that changes.",
    code: `import createPersonalizerClient from "@azure-rest/ai-personalizer";

const client = createPersonalizerClient("${ADDRESS}", { key: process.env.KEY });`,
  },
  {
    name: "go",
    title: "Go",
    needs: "github.com/Azure/azure-sdk-for-go/services/personalizer/v1.0/personalizer. These are the lines that change.",
    code: `client := personalizer.New("${ADDRESS}")
client.Authorizer = autorest.NewCognitiveServicesAuthorizer(os.Getenv("KEY"))`,
  },
];

// Learning arguments, and which option of them a refusal is about.

/** Takes arguments apart: `[{text, refused}]`, with the option that the refusal's message names and its value marked. */
export function markOption(text, refusal) {
  const option = refusal?.target === "arguments" ? optionOf(refusal.message) : null;
  const pieces = text.split(/(\s+)/).filter((piece) => piece !== "");
  let isValue = false;
  return pieces.map((piece) => {
    if (piece.trim() === "") return { text: piece, refused: false };
    const isOption = piece.startsWith("--") || /^-[a-zA-Z]/.test(piece);
    const refused = option !== null && (isSame(piece, option) || (isValue && !isOption));
    isValue = refused && isOption && piece === nameOf(piece);
    return { text: piece, refused };
  });
}

function optionOf(message) {
  return message.replace(/^arguments: /, "").split(" ")[0];
}

function isSame(piece, option) {
  const name = nameOf(piece);
  return (
    name === option ||
    (option.endsWith("...") && piece.startsWith(option.slice(0, -3))) ||
    (/^--[a-z]/.test(option) && name === `-${option[2]}`)
  );
}

/** The name of an option, without what is attached to it: `--epsilon=0.2`, `-qab`. */
function nameOf(piece) {
  return piece.startsWith("--") ? piece.split("=")[0] : /^-[a-zA-Z]/.test(piece) ? piece.slice(0, 2) : piece;
}

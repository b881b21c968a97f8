// Adds a copy button to commands and to open digests. Without this script everything can be selected by hand.
if (navigator.clipboard) {
  for (const box of document.querySelectorAll("[data-copy]")) {
    const text = box.querySelector(":scope > pre, :scope > code");
    if (!text) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = box.dataset.copy;
    const said = document.createElement("span");
    said.className = "seen-by-ear";
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        // Not permitted: select it, so that the reader's own keys copy it.
        getSelection().selectAllChildren(text);
        return;
      }
      button.textContent = said.textContent = box.dataset.copied;
      setTimeout(() => {
        button.textContent = box.dataset.copy;
        said.textContent = "";
      }, 2000);
    });
    box.append(button, said);
  }
}

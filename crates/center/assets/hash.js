// Hashes a chosen or dropped file in the browser and puts the digest into the field. The file is sent nowhere, and the
// digest only by the form's own button. Browsers hash whole buffers only, so larger files get the command of their system.
const LIMIT = 256 * 1024 * 1024;
const form = document.querySelector("form[data-hash]");

if (form && globalThis.crypto?.subtle) {
  const field = form.querySelector("input[name=d]");
  const drop = document.createElement("div");
  drop.className = "drop";
  const label = document.createElement("label");
  label.textContent = form.dataset.hash;
  const chooser = document.createElement("input");
  chooser.type = "file";
  chooser.id = "file";
  label.htmlFor = chooser.id;
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  drop.append(label, chooser, status);
  form.append(drop);

  let latest = 0;
  const hash = async (file) => {
    const mine = ++latest;
    if (file.size > LIMIT) {
      status.textContent = form.dataset.large;
      return;
    }
    status.textContent = form.dataset.hashing;
    try {
      const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
      // A file chosen meanwhile wins: the field must never hold the digest of another one.
      if (mine !== latest) return;
      field.value = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
      status.textContent = form.dataset.hashed;
    } catch {
      if (mine === latest) status.textContent = form.dataset.failed;
    }
  };

  chooser.addEventListener("change", () => chooser.files[0] && hash(chooser.files[0]));
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) hash(file);
  });
}

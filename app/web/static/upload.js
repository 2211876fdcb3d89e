// Upload: three files at a time, each on its own, so that one that fails is one that can be repeated.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const AT_ONCE = 3, TRIES = 3;
  const list = document.getElementById("queue"), total = document.getElementById("total"), drop = document.getElementById("drop");
  const waiting = [], all = [];
  let running = 0, pausing = 0, leaving = "";
  const el = (name, cls, text) => { const made = document.createElement(name); if (cls) made.className = cls; if (text) made.textContent = text; return made; };

  const add = (file, path) => {
    const row = el("li"), picture = el("span", "thumb none small"), about = el("span", "about"), name = el("b", "wrap", path), said = el("small", "", "waits");
    const bar = el("progress"); bar.max = 1; bar.value = 0; bar.setAttribute("aria-label", path);
    about.append(name, said); row.append(picture, about, bar); list.append(row);
    if (all.length < 200 && /^image\/(jpeg|png|webp)$/.test(file.type) && file.size < 3e7) {
      const shown = el("img", "thumb"); shown.width = shown.height = 40; shown.alt = ""; shown.src = URL.createObjectURL(file);
      shown.onload = () => URL.revokeObjectURL(shown.src);
      shown.onerror = () => shown.replaceWith(picture);
      picture.replaceWith(shown);
    }
    const one = { file, path, row, said, bar, sent: 0, done: false, tries: 0 };
    all.push(one); waiting.push(one);
  };
  const sum = () => {
    const bytes = all.reduce((n, one) => n + one.file.size, 0) || 1, sent = all.reduce((n, one) => n + (one.done ? one.file.size : one.sent), 0);
    const failed = all.filter((one) => one.failed).length, done = all.filter((one) => one.done && !one.failed).length;
    total.hidden = all.length === 0;
    total.querySelector("progress").value = sent / bytes;
    total.querySelector("p").textContent = `${done} of ${all.length} kept` + (failed ? `, ${failed} not` : "") + (running || pausing ? "" : done ? ". You may close this page." : "");
    leaving = running || pausing || waiting.length ? "yes" : "";
  };
  const end = (one, cls, words, link) => {
    one.done = true; one.row.className = cls; one.bar.hidden = true; one.said.textContent = words;
    if (link) { const a = el("a", "", " " + link.words); a.href = link.href; one.said.append(a); }
  };
  const next = () => { while (running < AT_ONCE && waiting.length) send(waiting.shift()); sum(); };
  const send = (one) => {
    running += 1; one.tries += 1; one.said.textContent = "on its way";
    const data = new FormData(), ask = new XMLHttpRequest();
    if (form.elements.sku.value.trim()) data.append("sku", form.elements.sku.value.trim());
    data.append("batch_name", form.elements.batch.value.trim() || form.elements.batch.placeholder);
    data.append("file", one.file, one.path);
    ask.open("POST", form.action);
    ask.setRequestHeader("X-CSRFToken", form.dataset.token);
    ask.setRequestHeader("Accept", "application/json");
    ask.upload.onprogress = (event) => { one.sent = Math.min(event.loaded, one.file.size); one.bar.value = event.lengthComputable ? event.loaded / event.total : 0; sum(); };
    ask.onload = () => {
      running -= 1;
      let told = {};
      try { told = JSON.parse(ask.responseText); } catch { /* words below */ }
      if (ask.status === 202 || ask.status === 200) {
        const matched = told.state !== "unmatched" && told.sku;
        end(one, matched ? "kept" : "kept unmatched", matched ? `${told.sku}${told.shot ? ", " + told.shot : ""}.` : "kept; its name fits no SKU.",
          { words: matched ? "See the product" : "Say what it shows", href: matched ? `${form.dataset.sku}/${encodeURIComponent(told.sku).replaceAll("%2F", "/")}` : `/review/arrival/${told.arrival}` });
      } else if (ask.status >= 500 && one.tries < TRIES) { waiting.push(one); one.said.textContent = "tried again in a moment"; }
      else { one.failed = true; end(one, "failed", told.detail || `not kept (${ask.status})`); }
      next();
    };
    ask.onerror = () => { running -= 1; if (one.tries < TRIES) { one.said.textContent = "no connection; tried again"; pausing += 1; setTimeout(() => { pausing -= 1; waiting.push(one); next(); }, 2000 * one.tries); sum(); } else { one.failed = true; end(one, "failed", "no connection; not kept"); next(); } };
    ask.send(data);
  };

  const walk = async (entry, folder) => {
    if (entry.isFile) return new Promise((done) => entry.file((file) => { if (!file.name.startsWith(".")) add(file, folder + file.name); done(); }, done));
    const reader = entry.createReader();
    for (;;) {
      const found = await new Promise((done) => reader.readEntries(done, () => done([])));
      if (!found.length) return;
      for (const child of found) await walk(child, `${entry.name}/`);
    }
  };
  form.elements.files.addEventListener("change", (event) => { for (const file of event.target.files) add(file, file.webkitRelativePath || file.name); event.target.value = ""; next(); });
  for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  addEventListener("drop", async (event) => {
    event.preventDefault(); drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (entries.length) for (const entry of entries) await walk(entry, ""); else for (const file of event.dataTransfer.files) add(file, file.name);
    next();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeunload", (event) => { if (leaving) event.preventDefault(); });
})();

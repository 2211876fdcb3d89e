// Live pages, the menu, keys. No framework: htmx does the swapping.
(() => {
  const body = document.body;
  const $ = (selector, root = document) => root.querySelector(selector);
  const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog");

  // --- live: ask for the mark; when it has changed, parts with hx-trigger="packshot:changed" fetch themselves again
  const beat = $("#heartbeat");
  const EVERY = 2500, SLOWER = 15000;
  let mark = null, wait = EVERY;
  const show = (state, words) => { if (beat && beat.dataset.state !== state) { beat.dataset.state = state; $("span", beat).textContent = words; } };
  const ask = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(body.dataset.live, { headers: { "HX-Request": "true" }, cache: "no-store" });
        if (answer.status === 401) { location.reload(); return; }
        if (!answer.ok) throw new Error(answer.status);
        const now = await answer.text();
        if (mark !== null && now !== mark) { body.dispatchEvent(new CustomEvent("packshot:changed")); wait = EVERY; }
        mark = now;
        show("on", "Live");
        wait = Math.min(wait * 1.1, 6000);
      } catch { show("off", "Not connected"); wait = SLOWER; }
    }
    setTimeout(ask, wait);
  };
  if (body.dataset.live) {
    ask();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) wait = EVERY; });
  }
  // the numbers beside the menu's entries
  body.addEventListener("packshot:changed", async () => {
    const answer = await fetch(body.dataset.counts, { headers: { "HX-Request": "true" }, cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    for (const [words, count] of Object.entries(await answer.json())) for (const badge of document.querySelectorAll(`[data-count="${words}"]`)) badge.textContent = count || "";
  });
  // never take a field away from under somebody's hands
  body.addEventListener("htmx:beforeRequest", (event) => {
    const held = event.detail.elt;
    if (event.detail.requestConfig?.triggeringEvent?.type !== "packshot:changed") return;
    if (held.contains(document.activeElement) && typing(document.activeElement)) event.preventDefault();
    if ($("details[open], dialog[open]", held)) event.preventDefault();
  });

  // --- a picture that cannot be shown: a quiet box instead of the browser's torn page
  const torn = (image) => {
    if (image.classList.contains("ahead")) return;
    const box = document.createElement(image.closest(".frame") ? "p" : "span");
    if (box.matches("p")) { box.className = "hint"; box.textContent = "This file cannot be shown."; image.replaceWith(box); return; }
    box.className = `${image.className} none torn`;
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", "a file that cannot be shown");
    box.textContent = "?";
    if (image.hasAttribute("width")) { box.style.width = `${image.getAttribute("width")}px`; box.style.height = `${image.getAttribute("height")}px`; }
    image.replaceWith(box);
  };
  document.addEventListener("error", (event) => { if (event.target.matches?.("img[src*='/pictures/']")) torn(event.target); }, true);
  for (const image of document.querySelectorAll("img[src*='/pictures/']")) if (image.complete && !image.naturalWidth && image.loading !== "lazy") torn(image);

  // --- menu on small screens, theme
  $(".menu-button")?.addEventListener("click", (event) => {
    const open = event.currentTarget.getAttribute("aria-expanded") !== "true";
    event.currentTarget.setAttribute("aria-expanded", String(open));
    $("#menu").classList.toggle("open", open);
  });
  $("#theme")?.addEventListener("click", () => window.packshotTheme());

  // --- selects that send their form at once, and buttons that ask first
  document.addEventListener("change", (event) => { if (event.target.matches("[data-send]")) event.target.form.requestSubmit(); });
  document.addEventListener("submit", (event) => {
    const words = event.submitter?.dataset.ask || event.target.dataset.ask;
    if (words && !confirm(words)) event.preventDefault();
  }, true);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  });

  // --- keys: "/" finds; a page's own keys are on elements: data-key="a"
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target) && !event.target.closest("dialog")) { event.target.blur(); return; }
    if (typing(event.target)) return;
    if (event.key === "/") { event.preventDefault(); const find = $("#find"); if (find) { $("#menu").classList.add("open"); find.focus(); find.select(); } return; }
    press(event.key.length === 1 ? event.key.toLowerCase() : event.key, event);
  });
  const press = (key, event) => {
    const wanted = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key.split(" ").includes(key) && element.offsetParent !== null);
    if (!wanted || (event?.repeat && !wanted.hasAttribute("data-repeat"))) return;
    event?.preventDefault();
    if (busy) { held = key; return; } // a key that is faster than the next case is meant for the next case
    if (wanted.matches("[hx-get], [hx-post]") && !("htmx-internal-data" in wanted)) window.htmx?.process(wanted);
    if (wanted.matches("input:not([type=checkbox]), textarea")) wanted.focus(); else wanted.click();
  };
  let busy = false, held = null;
  const free = () => { busy = false; const key = held; held = null; if (key) press(key); };
  body.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.target?.id === "desk") busy = true; });
  for (const name of ["htmx:afterSettle", "htmx:sendError", "htmx:swapError"]) body.addEventListener(name, (event) => { if (busy && event.detail.target?.id !== "cases") setTimeout(free); });
})();

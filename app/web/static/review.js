// The review desk: a decision that needs a reason asks for it first; Enter in the reason does what was asked.
(() => {
  let asked = null;
  const hint = (form, words) => { const label = form.querySelector("label[for=reason] small"); if (label) label.textContent = words; };
  const go = (button) => { asked = null; htmx.trigger(button, "click"); };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-needs-reason]");
    const reason = button?.form?.querySelector("[data-reason]");
    if (!reason || reason.value.trim()) return;
    event.preventDefault(); event.stopImmediatePropagation();
    asked = button;
    hint(button.form, `why ${button.firstChild.textContent.trim().toLowerCase()}? Enter does it`);
    reason.classList.add("asked"); reason.focus();
  }, true);
  document.addEventListener("keydown", (event) => {
    const reason = event.target.closest?.("[data-reason]");
    if (!reason || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!asked?.isConnected) hint(reason.form, "which? Leave the field with Esc, then press a key or a button");
    else if (reason.value.trim() && !asked.disabled) go(asked);
  });
  // a new case: the list shows where we are, the keys work at once
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "desk" && !document.getElementById("desk")?.contains(event.detail.elt)) return;
    document.querySelector("#cases [aria-current]")?.scrollIntoView({ block: "nearest" });
  });
  // htmx gives a field of the same name its focus back: the next letter would be typed, not obeyed
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "desk") return;
    asked = null;
    document.querySelector("#desk [data-reason]:focus")?.blur();
  });
  document.querySelector("#cases [aria-current]")?.scrollIntoView({ block: "nearest" });
})();

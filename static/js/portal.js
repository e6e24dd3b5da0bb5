// Small comforts; every page works without them.
"use strict";

// The error summary takes the focus where the browser does not honour autofocus.
window.addEventListener("load", () => {
  const summary = document.querySelector("[data-focus]");
  if (summary && document.activeElement === document.body) {
    summary.focus();
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 5000); // an answer that is a file leaves the page standing
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// An open menu closes on Escape and on a press elsewhere.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// "Mark all" boxes: <input type="checkbox" data-marks="name of the boxes">.
document.addEventListener("change", (event) => {
  const name = event.target.dataset && event.target.dataset.marks;
  if (name) {
    document.querySelectorAll(`input[type="checkbox"][name="${name}"]`).forEach((box) => {
      box.checked = event.target.checked;
    });
  }
});

// A reason chosen from the catalogue fills an empty text that stays editable.
document.addEventListener("change", (event) => {
  const target = event.target.dataset && event.target.dataset.fills;
  if (!target) {
    return;
  }
  const text = document.getElementById(target);
  const chosen = event.target.selectedOptions[0];
  if (text && chosen && chosen.value && (!text.value.trim() || text.dataset.filled === text.value)) {
    text.value = chosen.textContent.trim();
    text.dataset.filled = text.value;
  }
});

// An offered value goes into its field; without script the button sends the page with it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-offer-for]");
  const field = button && document.getElementById(button.dataset.offerFor);
  if (!field) {
    return;
  }
  event.preventDefault();
  field.value = button.dataset.offer;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  button.remove();
});

// Rows ticked in a list stand in the blank of the reason: "(dòng …)". The server fills it as well.
document.addEventListener("change", (event) => {
  const box = event.target;
  const form = box.form;
  const text = form && form.elements.reason;
  if (box.name !== "row" || box.type !== "checkbox" || !text) {
    return;
  }
  const open = form.closest("details");
  if (open) {
    open.open = true;
  }
  if (!/dòng …/.test(text.value) && text.dataset.named !== text.value) {
    return; // the text says its own; the server names what it leaves out
  }
  if (text.dataset.named !== text.value) {
    text.dataset.blank = text.value;
  }
  const picked = [...form.elements].filter((one) => one.name === "row" && one.checked);
  const words = picked.map((one) => (one.dataset.title ? `${one.value}: ${one.dataset.title}` : one.value)).join("; ");
  text.value = text.dataset.blank.replace("dòng …", `dòng ${words || "…"}`);
  text.dataset.named = text.value;
  text.dataset.filled = text.value;
});

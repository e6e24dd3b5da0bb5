// A serial scanned into the field with Enter ticks its box and leaves the field free for the next.
// What is not in the table stays in the field and goes with the form.
"use strict";

(() => {
  const field = document.querySelector("[data-scan-ticks]");
  const told = document.querySelector("[data-scanned]");
  if (!field || !told) {
    return;
  }
  const normalised = (serial) => serial.normalize("NFC").replace(/\s/g, "").toUpperCase();
  const boxOf = (serial) =>
    [...document.querySelectorAll(`input[type="checkbox"][name="${field.dataset.scanTicks}"]`)].find(
      (box) => box.value === serial,
    );

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") {
      return;
    }
    const at = field.selectionStart;
    const begin = field.value.lastIndexOf("\n", at - 1) + 1;
    const serial = normalised(field.value.slice(begin, at));
    if (!serial) {
      return;
    }
    const box = boxOf(serial);
    told.textContent = (box ? told.dataset.said : told.dataset.unsaid).replace("{serial}", serial);
    if (box) {
      event.preventDefault();
      box.checked = true;
      field.value = field.value.slice(0, begin) + field.value.slice(at);
      field.selectionStart = field.selectionEnd = begin;
    }
  });
})();

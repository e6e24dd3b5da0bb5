// A serial scanned or typed with Enter ticks its box or its row on this page and leaves the field
// free for the next. What is not on the page stays in the field and goes with the form.
"use strict";

(() => {
  const field = document.querySelector("[data-scan], [data-scan-ticks]");
  const told = document.querySelector("[data-scanned]");
  if (!field || !told) {
    return;
  }
  const normalised = (serial) => serial.normalize("NFC").replace(/\s/g, "").toUpperCase();

  // A list of devices: a box each.
  function tickBox(serial) {
    const boxes = document.querySelectorAll(`input[type="checkbox"][name="${field.dataset.scanTicks}"]`);
    const box = [...boxes].find((one) => one.value === serial);
    if (box) {
      box.checked = true;
    }
    return { isFound: Boolean(box), row: "" };
  }

  // Minutes: a row each, accepted or not, and the serial that was seen.
  function acceptRow(serial) {
    const rows = document.querySelectorAll("tr[data-serial]");
    const row = [...rows].find((one) => normalised(one.dataset.serial) === serial);
    if (row) {
      row.querySelector('input[type="radio"][value="accepted"]').checked = true;
      row.querySelector('input[name$="-serial_seen"]').value = serial;
    }
    return { isFound: Boolean(row), row: row ? row.dataset.row : "" };
  }

  const tick = field.dataset.scanTicks ? tickBox : acceptRow;

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") {
      return;
    }
    const at = field.selectionStart;
    const begin = field.value.slice(0, at).lastIndexOf("\n") + 1;
    const serial = normalised(field.value.slice(begin, at));
    if (!serial) {
      return;
    }
    const { isFound, row } = tick(serial);
    const words = isFound ? told.dataset.said : told.dataset.unsaid;
    told.textContent = words.replace("{serial}", serial).replace("{row}", row);
    if (isFound) {
      event.preventDefault();
      field.value = field.value.slice(0, begin) + field.value.slice(at);
      field.selectionStart = field.selectionEnd = begin;
    }
  });
})();

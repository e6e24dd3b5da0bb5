// A serial scanned or typed with Enter ticks its row on this page; the rest goes with the form.
"use strict";

const field = document.querySelector("[data-scan]");
const told = document.querySelector("[data-scanned]");

function normalised(serial) {
  return serial.normalize("NFC").replaceAll(" ", "").toUpperCase();
}

function rowOf(serial) {
  return [...document.querySelectorAll("tr[data-serial]")].find(
    (row) => normalised(row.dataset.serial) === serial,
  );
}

function tell(words, serial, row) {
  told.textContent = words.replace("{serial}", serial).replace("{row}", row);
}

if (field && told) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") {
      return;
    }
    const before = field.value.slice(0, field.selectionStart);
    const begin = before.lastIndexOf("\n") + 1;
    const serial = normalised(before.slice(begin));
    const row = serial && rowOf(serial);
    if (!row) {
      if (serial) {
        tell(told.dataset.unsaid, serial, "");
      }
      return;
    }
    event.preventDefault();
    row.querySelector('input[type="radio"][value="accepted"]').checked = true;
    row.querySelector('input[name$="-serial_seen"]').value = serial;
    field.value = field.value.slice(0, begin) + field.value.slice(field.selectionStart);
    tell(told.dataset.said, serial, row.dataset.row);
  });
}

// The editor of lists: saves as one types, takes blocks pasted from a spreadsheet.
// Without it every button still sends the whole page.
"use strict";

(() => {
  const form = document.querySelector("form[data-editor]");
  if (!form) {
    return;
  }
  const status = form.querySelector("[data-saved]");
  const waiting = new Set(); // rows typed in since they were last saved
  const PAUSE = 1200;
  const FEW = 5;
  let timer = 0;
  let isSaving = false;
  let isStopped = false; // somebody else saved meanwhile: only a person decides now

  const isCell = (element) => element.name && element.name.includes(":") && element.closest("[data-row]");
  const rowOf = (element) => element.closest("[data-row]").dataset.row;

  function tell(state, text) {
    status.dataset.state = state;
    status.textContent = text;
  }

  // What the rows say now, as the form would send it.
  function bodyOf(rows) {
    const body = new FormData();
    const all = new FormData(form);
    body.set("csrfmiddlewaretoken", all.get("csrfmiddlewaretoken"));
    body.set("version", form.elements.version.value);
    for (const [name, value] of all) {
      if (rows.has(name.split(":")[0])) {
        body.append(name, value);
      }
    }
    return body;
  }

  // The snapshot follows what has been saved, so that a later conflict shows only what is new.
  function remember(body, rows) {
    const was = JSON.parse(form.elements.was.value);
    for (const [name, value] of body) {
      const [row, field] = name.split(":");
      if (field && was[row]) {
        was[row][field] = rows[row]?.[field]?.value ?? value;
      }
    }
    form.elements.was.value = JSON.stringify(was);
  }

  // A day is shown back in full; what is offered for a cell is a button below it (portal.js).
  function showOffer(input, row, field, found) {
    if (found.value !== undefined && found.sent === input.value) {
      input.value = found.value;
    }
    const cell = input.closest("td");
    cell.querySelectorAll("button[data-offer-for]").forEach((old) => old.remove());
    if (!found.offer) {
      return;
    }
    const button = document.createElement("button");
    button.className = "btn btn-sm btn-outline-primary";
    button.name = "do";
    button.value = `take:${row}:${field}`;
    button.dataset.offer = found.offer;
    button.dataset.offerFor = input.id;
    button.textContent = found.offer_words;
    cell.append(button);
  }

  function showFindings(rows, sent) {
    for (const [row, fields] of Object.entries(rows)) {
      for (const [field, found] of Object.entries(fields)) {
        const inputs = form.querySelectorAll(`[name="${row}:${field}"]`);
        const input = inputs[inputs.length - 1];
        if (!input) {
          continue;
        }
        input.toggleAttribute("aria-invalid", false);
        if (found.invalid) {
          input.setAttribute("aria-invalid", "true");
        }
        input.closest("td").classList.toggle("has-errors", found.invalid);
        const list = document.getElementById(`${input.id}-loi`);
        list.replaceChildren(
          ...found.messages.map((message) => {
            const line = document.createElement("p");
            line.className = found.invalid ? "cell-error" : "cell-warning";
            line.textContent = message;
            return line;
          }),
        );
        showOffer(input, row, field, { ...found, sent: sent.get(`${row}:${field}`) });
      }
    }
  }

  async function save() {
    clearTimeout(timer);
    if (isSaving || isStopped || !waiting.size) {
      return;
    }
    isSaving = true;
    const rows = new Set(waiting);
    waiting.clear();
    const body = bodyOf(rows);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
        keepalive: rows.size <= FEW, // outlives the page; browsers allow 64 kB for it
      });
      const answer = await response.json();
      if (answer.conflict) {
        isStopped = true;
        tell("failed", status.dataset.conflict);
        return;
      }
      if (!response.ok) {
        throw new Error(String(response.status));
      }
      form.elements.version.value = answer.version;
      remember(body, answer.rows);
      showFindings(answer.rows, body);
      tell(waiting.size ? "typing" : "saved", waiting.size ? status.dataset.typing : answer.saved);
    } catch {
      rows.forEach((row) => waiting.add(row));
      tell("failed", status.dataset.failed);
      timer = setTimeout(save, 5 * PAUSE);
    } finally {
      isSaving = false;
      if (waiting.size && status.dataset.state === "typing") {
        timer = setTimeout(save, PAUSE);
      }
    }
  }

  form.addEventListener("input", (event) => {
    if (!isCell(event.target) || isStopped) {
      return;
    }
    waiting.add(rowOf(event.target));
    tell("typing", status.dataset.typing);
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });

  // Leaving a row, the page or the window saves at once.
  form.addEventListener("focusout", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !row.contains(event.relatedTarget)) {
      save();
    }
  });
  window.addEventListener("pagehide", () => save());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      save();
    }
  });

  // A button that is pressed while a save is under way waits for its version.
  form.addEventListener("submit", (event) => {
    if (!isSaving) {
      clearTimeout(timer);
      waiting.clear();
      return;
    }
    event.preventDefault();
    delete form.dataset.sent;
    const button = event.submitter;
    const wait = setInterval(() => {
      if (!isSaving) {
        clearInterval(wait);
        form.requestSubmit(button);
      }
    }, 50);
  }, true);

  // A block of cells pasted into one cell fills the rows from there on.
  form.addEventListener("paste", (event) => {
    const text = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
    if (!form.elements.pasted || !isCell(event.target) || event.target.tagName === "TEXTAREA" || !/[\t\n]/.test(text.replace(/\r?\n$/, ""))) {
      return;
    }
    event.preventDefault();
    form.elements.pasted.value = text;
    form.elements.paste_at.value = event.target.name;
    form.requestSubmit(form.querySelector('button[name="do"][value="paste"]'));
  });

  // Enter in a cell goes to the cell below, as in a spreadsheet; it never presses a button.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !isCell(event.target) || event.target.tagName !== "INPUT") {
      return;
    }
    event.preventDefault();
    const field = event.target.name.split(":")[1];
    const next = event.target.closest("[data-row]").nextElementSibling;
    const below = next && next.querySelector(`[name="${next.dataset.row}:${field}"]:not([type="hidden"])`);
    (below || event.target).focus();
    save();
  });

  // A link to a cell, or the address after a button, puts the cursor there.
  function goToCell() {
    const cell = location.hash.startsWith("#o-") && document.getElementById(location.hash.slice(1));
    if (cell) {
      cell.focus();
      cell.scrollIntoView({ block: "center", inline: "center" });
    }
  }
  window.addEventListener("hashchange", goToCell);
  if (!document.querySelector("[data-focus]")) {
    goToCell();
  }
})();

// Nothing typed is lost: what is not saved yet is kept in this tab, the end of the session is told
// before it comes, and signing in again happens over the page. Without it the server keeps a form
// that was sent too late (portal/accounts/kept.py).
"use strict";

(() => {
  const page = document.body.dataset;
  if (!page.account) {
    return;
  }
  const WARN = 5 * 60; // seconds before the end
  const SURE = 60; // seconds for which an answer of the server is believed
  const AT_WORK = 10 * 60; // who types is at work: the session is told so this often
  const MOST_LISTED = 10;
  const PREFIX = "typed|";
  const MINE = `${PREFIX}${page.account}|`;
  const warning = document.getElementById("phien-sap-het");
  const dialog = document.getElementById("dang-nhap-lai");
  const offer = document.getElementById("da-giu");
  const others = new BroadcastChannel("session");
  let isLeft = false; // this page is somebody else's now: it keeps and sends nothing
  let isOver = false;
  let timer = 0;
  let asked = Date.now();
  let ends = 0;
  let signingIn = null; // a promise, while the dialog is open
  let endSigningIn = null;
  let isPutOff = false; // asked once, and not now: the next press of a button asks again

  const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  // --- Whose session it is, and how long it lasts

  async function ask(method = "GET") {
    const headers = method === "GET" ? {} : { "X-CSRFToken": token() };
    const response = await fetch(page.state, { method, headers, cache: "no-store", redirect: "error" });
    if (method !== "GET" && response.status === 403) {
      return ask(); // the token is an older one
    }
    return response.json();
  }

  const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

  // Take an answer of the server in; returns whether the session is this account's and goes on.
  function take(state) {
    if (state.account && state.account !== page.account) {
      leave();
      return false;
    }
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": state.token }));
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((input) => {
      input.value = state.token;
    });
    if (!state.account || state.place) {
      isOver = true;
      return false;
    }
    isPutOff = false;
    if (isOver) {
      isOver = false;
      others.postMessage(page.account);
      document.dispatchEvent(new Event("session:again"));
    }
    asked = Date.now();
    arm(state.left);
    return true;
  }

  function arm(left) {
    ends = Date.now() + left * 1000;
    clearTimeout(timer);
    warning.hidden = true;
    timer = setTimeout(look, Math.max(1, left - WARN) * 1000);
  }

  const hasForms = () => forms().some((form) => fieldsOf(form).length);

  // The time is near, or the tab was away: another tab may have gone on meanwhile.
  async function look() {
    if (isLeft || signingIn) {
      return;
    }
    let state;
    try {
      state = await ask();
    } catch {
      timer = setTimeout(look, 30_000);
      return;
    }
    if (!take(state)) {
      warning.hidden = true;
      if (!isLeft && !isPutOff && hasForms()) {
        signIn(dialog.dataset.over);
      }
    } else if (state.left <= WARN) {
      clearTimeout(timer);
      if (hasForms()) {
        warn(state);
      }
    }
  }

  function warn(state) {
    const isLast = state.most <= WARN;
    const time = new Date(ends).toLocaleTimeString("vi", { hour: "2-digit", minute: "2-digit" });
    warning.querySelector("[data-words]").textContent = fill(isLast ? warning.dataset.last : warning.dataset.idle, { time });
    warning.querySelector("[data-go-on]").hidden = isLast;
    warning.querySelector("[data-again]").hidden = !isLast;
    warning.hidden = false;
    timer = setTimeout(look, state.left * 1000 + 1000);
  }

  warning.querySelector("[data-go-on]").addEventListener("click", () => alive("POST"));
  warning.querySelector("[data-again]").addEventListener("click", () => signIn(dialog.dataset.ending));

  // Whether the session is there; where it is over, the page asks to sign in first.
  async function alive(method = "GET") {
    if (isLeft) {
      return false;
    }
    if (take(await ask(method))) {
      return true;
    }
    return isLeft ? false : signIn(dialog.dataset.over);
  }

  // Somebody else has signed in at this browser, or this account has signed out.
  function leave() {
    isLeft = true;
    forget();
    document.querySelector("main").replaceChildren();
    location.replace("/");
  }

  const forget = () => keys().forEach((key) => sessionStorage.removeItem(key));

  others.addEventListener("message", (event) => {
    if (event.data !== page.account) {
      leave();
    } else if (!isOver) {
      asked = 0; // another page may have signed in anew: this one's token is asked for
    } else {
      ask().then((state) => take(state) && endSigningIn && endSigningIn(true), () => {});
    }
  });
  others.postMessage(page.account);
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") === page.signOut) {
      forms().forEach((form) => (kept(form) || {}).isSent || note(form));
      const unsaved = keys().map((key) => JSON.parse(sessionStorage.getItem(key))).filter((one) => !one.isSent);
      const count = unsaved.reduce((sum, one) => sum + Object.keys(one.fields).length, 0);
      if (count && !confirm(fill(page.signOutLoses, { count }))) {
        event.preventDefault();
        return;
      }
      isLeft = true;
      forget();
      others.postMessage("");
    } else if ("drops" in event.target.dataset) {
      forget();
    }
  });

  // --- Signing in over the page

  function signIn(words) {
    if (signingIn) {
      return signingIn;
    }
    const form = dialog.querySelector("form");
    const errors = dialog.querySelector("[data-errors]");
    dialog.querySelector("[data-words]").textContent = words;
    errors.textContent = "";
    dialog.querySelector("[data-place]").parentElement.hidden = true;
    form.password.value = "";
    dialog.showModal();
    form.password.focus();
    signingIn = new Promise((resolve) => {
      const end = (isIn) => {
        signingIn = endSigningIn = null;
        isPutOff = !isIn;
        form.onsubmit = dialog.onclose = null;
        form.password.value = "";
        dialog.close();
        resolve(isIn);
      };
      endSigningIn = end;
      dialog.onclose = () => end(false);
      form.onsubmit = async (event) => {
        event.preventDefault();
        const button = form.querySelector("button");
        button.disabled = true;
        try {
          take(await ask()); // the token that the server takes now; or another tab was quicker
          const response = await fetch(form.action, {
            method: "POST",
            body: new FormData(form),
            headers: { Accept: "application/json", "X-CSRFToken": token() },
            redirect: "error",
          });
          const state = await response.json();
          if (!response.ok) {
            errors.textContent = (state.errors || [dialog.dataset.failed]).join(" ");
            form.password.select();
          } else if (state.place) {
            const link = dialog.querySelector("[data-place]"); // a password of one's own comes first
            link.href = state.place;
            link.parentElement.hidden = false;
            link.focus();
          } else {
            end(take(state));
          }
        } catch {
          errors.textContent = dialog.dataset.failed;
        } finally {
          button.disabled = false;
        }
      };
    });
    return signingIn;
  }
  dialog.querySelector("[data-later]").addEventListener("click", () => dialog.close());

  // A form is sent once the session is known to be there.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!forms().includes(form) || signingIn) {
        return;
      }
      if (form.dataset.sure || Date.now() - asked < SURE * 1000) {
        delete form.dataset.sure;
        markSent(form);
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      const send = () => {
        form.dataset.sure = "1";
        form.requestSubmit(event.submitter);
      };
      alive().then((isThere) => isThere && send(), send); // no answer: let the browser say so
    },
    true,
  );

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - asked > SURE * 1000) {
      look();
    }
  });
  window.addEventListener("pageshow", (event) => event.persisted && look());

  // --- What is typed and not saved yet

  const forms = () =>
    [...document.querySelectorAll('main form[method="post"]')].filter((form) => !("unkept" in form.dataset));

  const isMark = (field) => field.type === "checkbox" || field.type === "radio";
  const keyOf = (field) => (isMark(field) ? `${field.name}=${field.value}` : field.name);
  const fieldsOf = (form) =>
    [...form.elements].filter(
      (field) =>
        field.name &&
        field.matches("input, textarea, select") &&
        !field.hidden &&
        !field.readOnly &&
        !["hidden", "password", "file", "submit"].includes(field.type),
    );

  function valueOf(field) {
    return isMark(field) ? (field.checked ? "x" : "") : field.value;
  }

  // What the page came with.
  function shownOf(field) {
    if (isMark(field)) {
      return field.defaultChecked ? "x" : "";
    }
    if (field.tagName === "SELECT") {
      const option = [...field.options].find((one) => one.defaultSelected) || field.options[0];
      return option ? option.value : "";
    }
    return field.defaultValue;
  }

  function put(field, value) {
    if (isMark(field)) {
      field.checked = Boolean(value);
    } else {
      field.value = value;
    }
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function labelOf(field) {
    const label = field.labels && field.labels[0] ? field.labels[0].textContent : field.getAttribute("aria-label");
    return (label || field.name).replace(/\s+/g, " ").replace(/ ?\* ?$/, "").trim();
  }

  // A value as a reader knows it.
  function wordsOf(field) {
    if (isMark(field)) {
      return "";
    }
    return field.tagName === "SELECT" ? (field.selectedOptions[0] || field).textContent.trim() : field.value;
  }

  function placeOf(form) {
    const key = formKey(form);
    const alike = forms().filter((one) => formKey(one) === key);
    return `${key}|${alike.indexOf(form)}`;
  }

  function formKey(form) {
    const named = (name) => (form.elements[name] && form.elements[name].type === "hidden" ? form.elements[name].value : "");
    return `${location.pathname}|${named("page")}|${form.id || form.getAttribute("action") || ""}|${named("action")}`;
  }

  const kept = (form) => JSON.parse(sessionStorage.getItem(MINE + placeOf(form)) || "null");

  function keep(form, entry) {
    const key = MINE + placeOf(form);
    if (!Object.keys(entry.fields).length) {
      sessionStorage.removeItem(key);
      return;
    }
    try {
      sessionStorage.setItem(key, JSON.stringify(entry));
    } catch {
      // The tab's storage is full: what is typed stays on the page alone.
    }
  }

  const waiting = new Map(); // form → what was kept of an earlier visit and is not restored yet

  // Keep what differs from the page as it came, beside what waits to be restored.
  function note(form) {
    if (isLeft) {
      return;
    }
    const fields = { ...waiting.get(form) };
    for (const field of fieldsOf(form)) {
      if (valueOf(field) !== shownOf(field) && (field.type !== "radio" || field.checked)) {
        const row = field.closest("[data-row]");
        fields[keyOf(field)] = {
          value: valueOf(field),
          words: wordsOf(field),
          label: labelOf(field),
          row: row ? row.id.replace("dong-", "") : "",
        };
      }
    }
    keep(form, { fields });
  }

  function markSent(form) {
    clearTimeout(noted); // what was typed just before it was sent would be noted as unsent
    const entry = kept(form);
    if (entry) {
      keep(form, { ...entry, isSent: true });
    }
  }

  // The server has saved these values (name → value): the page is as if it had come with them.
  function saved(form, values) {
    for (const field of fieldsOf(form)) {
      if (values.has(field.name) && !isMark(field) && values.get(field.name) === field.value) {
        if (field.tagName === "SELECT") {
          [...field.options].forEach((option) => option.toggleAttribute("selected", option.selected));
        } else {
          field.defaultValue = field.value;
        }
      } else if (values.has(field.name) && isMark(field)) {
        field.defaultChecked = field.checked;
      }
    }
    note(form);
  }

  let noted = 0;
  let pinged = Date.now();
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (isLeft || !form || !forms().includes(form)) {
      return;
    }
    clearTimeout(noted);
    noted = setTimeout(() => note(form), 200);
    if (Date.now() - pinged > AT_WORK * 1000 && Date.now() < ends) {
      pinged = Date.now();
      ask("POST").then(take, () => {});
    }
  });
  document.addEventListener("change", (event) => event.target.form && forms().includes(event.target.form) && note(event.target.form));
  window.addEventListener("pagehide", () => forms().forEach((form) => (kept(form) || {}).isSent || note(form)));

  // --- What an earlier visit left

  // What was sent is saved, unless this very page says that it was not.
  const visit = performance.getEntriesByType("navigation")[0] || {};
  const isRefused =
    visit.responseStatus >= 400 ||
    document.querySelector("[data-holds]") ||
    (visit.redirectCount === 0 && document.querySelector(".error-summary"));
  for (const key of keys()) {
    const entry = JSON.parse(sessionStorage.getItem(key));
    if (!key.startsWith(MINE) || (entry.isSent && !isRefused)) {
      sessionStorage.removeItem(key);
    } else if (entry.isSent) {
      sessionStorage.setItem(key, JSON.stringify({ fields: entry.fields }));
    }
  }

  for (const form of forms()) {
    const entry = kept(form);
    if (entry) {
      const here = new Map(fieldsOf(form).map((field) => [keyOf(field), field]));
      const isSame = ([key, one]) => here.has(key) && valueOf(here.get(key)) === one.value;
      const left = Object.entries(entry.fields).filter((one) => isRefused || !isSame(one));
      waiting.set(form, Object.fromEntries(left));
      keep(form, { fields: waiting.get(form) });
      const differing = left.filter((one) => !isSame(one));
      if (differing.length) {
        show(form, differing, here);
      }
    }
  }

  // What hides a field: folds around it, and on a narrow screen its row.
  function foldsOf(field) {
    const row = field.closest("[data-row]");
    return [...foldsAround(field), ...(row ? row.querySelectorAll("details.row-fold") : [])];
  }

  // From the inside out.
  function foldsAround(element) {
    const fold = element.parentElement && element.parentElement.closest("main details");
    return fold ? [fold, ...foldsAround(fold)] : [];
  }

  function show(form, entries, here) {
    const notice = offer.content.firstElementChild.cloneNode(true);
    const rows = [...new Set(entries.map(([, one]) => one.row).filter(Boolean))].sort((a, b) => a - b);
    const words = rows.length ? notice.dataset.rows : notice.dataset.fields;
    notice.querySelector("[data-words]").textContent = fill(words, { count: entries.length, rows: rows.join(", ") });
    const list = notice.querySelector("ul");
    for (const [key, one] of entries.slice(0, MOST_LISTED)) {
      const field = here.get(key);
      const line = document.createElement("li");
      const now = field && isMark(field) ? notice.dataset.alone : notice.dataset.now;
      const values = { label: one.label, mine: one.words || "–", theirs: field ? wordsOf(field) || "–" : "" };
      line.textContent = fill(field ? now : notice.dataset.gone, values);
      list.append(line);
    }
    if (entries.length > MOST_LISTED) {
      const line = document.createElement("li");
      line.textContent = fill(notice.dataset.more, { count: entries.length - MOST_LISTED });
      list.append(line);
    }
    const folds = foldsAround(form);
    const end = () => {
      waiting.delete(form);
      notice.remove();
      note(form);
    };
    notice.querySelector("[data-restore]").addEventListener("click", () => {
      end();
      const found = entries.filter(([key]) => here.has(key));
      found.forEach(([key, one]) => put(here.get(key), one.value));
      if (found.length) {
        folds.forEach((fold) => (fold.open = true));
        found.forEach(([key]) => foldsOf(here.get(key)).forEach((fold) => (fold.open = true)));
        here.get(found[0][0]).focus();
      }
    });
    notice.querySelector("[data-drop]").addEventListener("click", () => {
      end();
      document.getElementById("noi-dung").focus();
    });
    (folds[folds.length - 1] || form).before(notice);
  }

  // Pages of a list beside this one that hold something unsaved.
  const elsewhere = keys()
    .map((key) => key.slice(MINE.length).split("|"))
    .filter(([path, number]) => path === location.pathname && number && !forms().some((form) => form.elements.page && form.elements.page.value === number));
  for (const number of new Set(elsewhere.map(([, one]) => one))) {
    const line = offer.content.lastElementChild.cloneNode(true);
    const link = line.querySelector("a");
    link.href = `?page=${number}`;
    link.textContent = fill(link.textContent, { page: number });
    forms()[0].before(line);
  }

  arm(Number(page.left));
  window.session = { alive, saved };
})();

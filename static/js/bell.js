// The bell opens a panel with the newest notices; without script it is the link to all of them.
"use strict";

(() => {
  const menu = document.querySelector("[data-bell]");
  const panel = menu && menu.querySelector("#bell-panel");
  if (!panel) {
    return;
  }
  const bell = () => menu.querySelector("#bell");

  // The bell comes anew each minute: what script adds to it is added again.
  function name() {
    if (bell() && bell().target !== "_blank") {
      bell().setAttribute("role", "button");
      bell().setAttribute("aria-controls", panel.id);
      bell().setAttribute("aria-expanded", String(!panel.hidden));
    }
  }

  function close(focuses) {
    panel.hidden = true;
    name();
    if (focuses) {
      bell().focus();
    }
  }

  menu.addEventListener("click", (event) => {
    const pressed = event.target.closest("#bell");
    if (!pressed || pressed.target === "_blank" || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    if (!panel.hidden) {
      close(true);
      return;
    }
    panel.replaceChildren();
    window.htmx.ajax("GET", panel.dataset.url, { target: panel, swap: "innerHTML" }).then(() => {
      const title = panel.querySelector("#bell-panel-title");
      if (!title) { // the session is over, the server does not answer: the list says which
        window.location.assign(pressed.href);
        return;
      }
      panel.hidden = false;
      name();
      title.focus();
    });
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      close(true);
    } else if (event.key === " " && event.target.id === "bell") {
      event.preventDefault(); // what is called a button is pressed as one
      event.target.click();
    }
  });
  document.addEventListener("click", (event) => {
    if (!panel.hidden && !menu.contains(event.target)) {
      close(false);
    }
  });
  document.body.addEventListener("htmx:afterSettle", name);
  name();
})();

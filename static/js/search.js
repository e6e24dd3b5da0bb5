// The search box: Ctrl+K (and "/") lead to it, arrows choose, Enter opens, Escape closes.
"use strict";

(() => {
  const form = document.querySelector("[data-search]");
  if (!form) {
    return;
  }
  const box = form.querySelector("input[type=search]");
  const panel = form.querySelector(".search-offers");
  const status = form.querySelector("[data-search-status]");
  const options = () => [...panel.querySelectorAll("[role=option]")];
  const chosen = () => panel.querySelector("[aria-selected=true]");

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", "tim-kiem-danh-sach");

  function show(open) {
    panel.hidden = !open;
    box.setAttribute("aria-expanded", String(open && options().length > 0));
    if (!open) {
      choose(null);
    }
  }

  function choose(option) {
    options().forEach((one) => one.setAttribute("aria-selected", String(one === option)));
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  }

  box.addEventListener("htmx:beforeRequest", (event) => {
    if (!box.value.trim()) {
      event.preventDefault();
    }
  });
  box.addEventListener("input", () => {
    choose(null); // Enter before the answer comes searches for what is typed
    if (!box.value.trim()) {
      panel.replaceChildren();
      show(false);
    }
  });
  panel.addEventListener("htmx:afterSwap", () => {
    if (document.activeElement === box && box.value.trim()) {
      show(true);
      const hint = panel.querySelector(".search-hint");
      status.textContent = `${options().length} kết quả. ${hint ? hint.textContent.trim() : ""}`;
    } else {
      panel.replaceChildren();
    }
  });

  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault(); // the first closes the list, the next empties the box
      show(false);
      return;
    }
    if (event.key === "Enter" && chosen() && !panel.hidden) {
      event.preventDefault();
      chosen().click();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") {
      return;
    }
    const all = options();
    if (!all.length) {
      return;
    }
    event.preventDefault();
    show(true);
    const at = all.indexOf(chosen());
    const step = event.key === "ArrowDown" ? 1 : -1;
    // One place before the first and after the last is the box itself.
    const next = at === -1 ? (step === 1 ? 0 : all.length - 1) : at + step;
    choose(all[next] || null);
  });
  box.addEventListener("focus", () => {
    if (panel.firstElementChild && box.value.trim()) {
      show(true);
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) {
      show(false);
    }
  });
  panel.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus

  document.addEventListener("keydown", (event) => {
    const isShortcut = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
    const at = event.target;
    const isTyping = at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
    const isSlash = event.key === "/" && !event.ctrlKey && !event.altKey && !event.metaKey && !isTyping;
    if (isShortcut || isSlash) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });
})();

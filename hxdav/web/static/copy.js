// Copies what stands beside a button. Without it the text can be selected by hand: the buttons are shown from here.
"use strict";

const told = document.getElementById("copied");

function selected(source) {
  const range = document.createRange();
  range.selectNodeContents(source);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
      button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/^Copy:/, "Copied:"));
      told.textContent = "Copied.";
    } catch {
      // No clipboard for pages that are not served by https, or not allowed: then it is one key press away.
      selected(source);
      told.textContent = "Selected; copy it now.";
    }
  });
}

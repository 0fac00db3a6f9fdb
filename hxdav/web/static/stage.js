// Says on the desk's page how far a telephone has come. Without it, "Look again" does.
"use strict";

const shown = document.getElementById("stage");
const PAUSE = 2000;
// As long as a code is good and its profile is being installed; then the page is left alone, and its session with it.
const LAST = Date.now() + 20 * 60 * 1000;

async function look() {
  let found = null;
  try {
    const answer = await fetch(shown.dataset.askedAt, { headers: { Accept: "application/json" } });
    if (answer.ok && !answer.redirected) {
      found = await answer.json();
    }
  } catch {
    // Offline for a moment: asked again.
  }
  if (found && shown.textContent !== found.sentence) {
    shown.textContent = found.sentence;
    shown.className = `state ${found.health}`;
  }
  if (found && found.stage !== "waiting") {
    const code = document.getElementById("code");
    if (code) {
      code.hidden = true;
    }
  }
  const goesOn = !found || found.stage === "waiting" || found.stage === "fetched";
  if (goesOn && Date.now() < LAST) {
    setTimeout(look, PAUSE);
  }
}

if (shown && shown.dataset.askedAt) {
  setTimeout(look, PAUSE);
}

// Forms that a passkey fills in: the browser is asked what the server wants to know, and its answer is sent as a form.
"use strict";

(() => {
  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

  const textOf = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const idsIn = (listed) => (listed ?? []).map((each) => ({ ...each, id: bytesOf(each.id) }));

  function creationOptions(json) {
    if (PublicKeyCredential.parseCreationOptionsFromJSON) {
      return PublicKeyCredential.parseCreationOptionsFromJSON(json);
    }
    return {
      ...json,
      challenge: bytesOf(json.challenge),
      user: { ...json.user, id: bytesOf(json.user.id) },
      excludeCredentials: idsIn(json.excludeCredentials),
    };
  }

  function requestOptions(json) {
    if (PublicKeyCredential.parseRequestOptionsFromJSON) {
      return PublicKeyCredential.parseRequestOptionsFromJSON(json);
    }
    return { ...json, challenge: bytesOf(json.challenge), allowCredentials: idsIn(json.allowCredentials) };
  }

  function jsonOf(credential) {
    if (credential.toJSON) {
      try {
        return JSON.stringify(credential.toJSON());
      } catch {
        // Some password managers put objects of their own in its place, which have the method and refuse it.
      }
    }
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) {
        response[name] = textOf(credential.response[name]);
      }
    }
    return JSON.stringify({ id: credential.id, rawId: textOf(credential.rawId), type: credential.type, response });
  }

  const SENTENCES = {
    NotAllowedError: "Your device did not answer in time, or it was stopped. Try again.",
    InvalidStateError: "This device has a passkey for you already.",
    SecurityError: "This browser makes no passkeys for this address.",
  };

  function tell(form, sentence) {
    const place = form.querySelector("[data-told]");
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  async function fill(form) {
    const asked = await fetch(form.dataset.question, { method: "POST", body: new FormData(form) });
    if (asked.redirected) {
      // The server wants to know first who is here: the page itself asks.
      location.reload();
      return;
    }
    if (!asked.ok) {
      tell(form, asked.status === 429 ? await asked.text() : "This page was open for too long. Load it again.");
      return;
    }
    const json = await asked.json();
    const credential =
      form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: creationOptions(json) })
        : await navigator.credentials.get({ publicKey: requestOptions(json) });
    form.elements.credential.value = jsonOf(credential);
    form.submit();
  }

  async function answer(submission) {
    submission.preventDefault();
    const form = submission.currentTarget;
    const button = form.querySelector("button");
    button.disabled = true;
    tell(form, "");
    try {
      await fill(form);
    } catch (error) {
      tell(form, SENTENCES[error.name] ?? "That did not work. Try again.");
    } finally {
      button.disabled = false;
    }
  }

  if (!window.PublicKeyCredential) {
    return;
  }
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", answer);
  }
  for (const sentence of document.querySelectorAll("[data-without-passkeys]")) {
    sentence.hidden = true;
  }
})();

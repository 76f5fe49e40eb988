// The two things that HTML and htmx cannot do: copy a text, and say when the server is not there.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    button.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = words; }, 2000);
});

for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    const answer = event.detail.xhr && event.detail.xhr.responseText;
    let words = "The server does not answer. Is it still running?";
    try { words = JSON.parse(answer).issue[0].diagnostics; } catch { /* no OperationOutcome: keep the words above */ }
    const place = document.getElementById("failure");
    place.textContent = words;
    place.hidden = false;
  });
}

// After an exchange the reader stands at what is new: the count of cards, or what is wrong with the form.
document.addEventListener("htmx:afterSettle", (event) => {
  const place = event.detail.target.id === "visit" && document.querySelector("#visit [data-focus]");
  if (!place) return;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "start" });
});

document.addEventListener("htmx:beforeRequest", () => { document.getElementById("failure").hidden = true; });

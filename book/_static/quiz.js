// Shows the reply to the answer that was chosen. See book/_ext/quiz.py for the markup.
for (const quiz of document.querySelectorAll("form.quiz:not(.quiz-test)")) {
  const reply = quiz.querySelector(".quiz-reply");
  quiz.addEventListener("submit", (event) => event.preventDefault());
  quiz.addEventListener("change", ({ target }) => {
    const right = target.dataset.right === "yes";
    const head = document.createElement("strong");
    head.textContent = right ? "✓ Right. " : "✗ Not quite. ";
    const feedback = document.getElementById(`${target.id}-reply`).cloneNode(true);
    const first = feedback.querySelector("p") ?? feedback;
    first.prepend(head);
    reply.replaceChildren(...feedback.childNodes);
    reply.dataset.right = target.dataset.right;
    for (const answer of quiz.querySelectorAll(".quiz-answer")) {
      const input = answer.querySelector("input");
      if (input.checked) answer.dataset.right = input.dataset.right;
      else delete answer.dataset.right;
    }
  });
}

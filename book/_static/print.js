// What paper needs and a style sheet cannot do: light colours, what is folded opened, and the answers apart from their
// questions, on a page at the end.
{
  const part = (tag, ...children) => {
    const element = document.createElement(tag);
    element.append(...children);
    return element;
  };
  const copies = (element) => [...element.cloneNode(true).childNodes];

  function solution(box) {
    const answer = part("section", ...copies(box));
    answer.querySelectorAll("button").forEach((button) => button.remove());
    return answer;
  }

  function replies(quiz) {
    const list = [...quiz.querySelectorAll(".quiz-answer")].map((answer) => {
      const { id, dataset } = answer.querySelector("input");
      const mark = part("strong", dataset.right === "yes" ? "✓ " : "✗ ");
      return part("li", mark, ...copies(answer.querySelector("label")), ...copies(document.getElementById(`${id}-reply`)));
    });
    return part("section", part("p", part("strong", ...copies(quiz.querySelector("legend")))), part("ul", ...list));
  }

  let undo = [];
  addEventListener("beforeprint", () => {
    const { dataset } = document.documentElement;
    const theme = dataset.theme;
    dataset.theme = "light";
    undo = [() => (dataset.theme = theme)];
    for (const details of document.querySelectorAll("main details:not([open], .lesson-answer, .lesson-notes, variant-explorer *)")) {
      details.open = true;
      undo.push(() => (details.open = false));
    }
    const asked = document.querySelectorAll("article :is(.solution, form.quiz:not(.quiz-test))");
    if (!asked.length) return;
    const answers = part("section", part("h2", "Answers"));
    answers.className = "print-answers";
    for (const found of asked) answers.append(found.matches("form") ? replies(found) : solution(found));
    for (const copy of answers.querySelectorAll("[id]")) copy.removeAttribute("id");
    document.querySelector("article").append(answers);
    undo.push(() => answers.remove());
  });
  addEventListener("afterprint", () => undo.forEach((step) => step()));
}

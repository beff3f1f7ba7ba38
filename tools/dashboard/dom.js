// Making elements. Texts are inserted as texts, never as HTML: a client chooses the names of topics.

export const byId = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Leaves the element alone when nothing changes, and with it what the reader has selected. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

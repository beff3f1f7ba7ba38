// State.

export const state = {
  id: "state",
  title: "State",
  make() {
    return { show() {}, isShown: () => false };
  },
};

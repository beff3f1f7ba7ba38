// Keys.

export const keys = {
  id: "keys",
  title: "Keys",
  make() {
    return { show() {}, isShown: () => false };
  },
};

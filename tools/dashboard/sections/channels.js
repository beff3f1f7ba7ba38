// Channels.

export const channels = {
  id: "channels",
  title: "Channels",
  make() {
    return { show() {}, isShown: () => false };
  },
};

// Clients.

export const clients = {
  id: "clients",
  title: "Clients",
  make() {
    return { show() {}, isShown: () => false };
  },
};

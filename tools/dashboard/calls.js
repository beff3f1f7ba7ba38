// Calls to the server, with the token in a header.

/** The JSON of a response. Throws what the server says when it refuses. */
export function ask(path, token) {
  return call(path, token, {});
}

/** Sends JSON, which no page of another site can send. */
export function change(path, members, token) {
  return call(path, token, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(members),
  });
}

async function call(path, token, init) {
  const headers = { ...init.headers };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { cache: "no-store", ...init, headers });
  const json = await response.json();
  if (response.ok) return json;
  throw new Error(json.error);
}

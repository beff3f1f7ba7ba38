/**
 * Certificates for tests of TLS, made by `openssl`.
 *
 * @module
 */

/** Texts in PEM form. */
export interface Certificates {
  /** The authority that has signed the others. */
  readonly ca: string;
  /** The certificate of a server, for the names that were asked for. */
  readonly cert: string;
  /** The key of `cert`. */
  readonly key: string;
  /** The certificate of a client. */
  readonly clientCert: string;
  /** The key of `clientCert`. */
  readonly clientKey: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Whether `openssl` is installed. */
export function hasOpenssl(): boolean {
  try {
    return new Deno.Command("openssl", { args: ["version"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** Makes an authority, and its certificates for a client and for a server with names such as `DNS:host`. */
export async function makeCertificates(names: string): Promise<Certificates> {
  const directory = await Deno.makeTempDir({ prefix: `ringbus-test-${Deno.pid}-` });
  const read = (name: string) => Deno.readTextFile(`${directory}/${name}`);
  try {
    const ca = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test"];
    await openssl(directory, ["req", "-x509", ...NEW_KEY, ...ca]);
    await sign(directory, "server", names);
    await sign(directory, "client", "DNS:client");
    return {
      ca: await read("ca.pem"),
      cert: await read("server.pem"),
      key: await read("server.key"),
      clientCert: await read("client.pem"),
      clientKey: await read("client.key"),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function sign(directory: string, name: string, names: string): Promise<void> {
  await Deno.writeTextFile(`${directory}/${name}.names`, `subjectAltName=${names}`);
  const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`];
  await openssl(directory, ["req", ...NEW_KEY, ...request]);
  const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.names`];
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
  await openssl(directory, ["x509", "-req", ...authority, ...files]);
}

async function openssl(directory: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd: directory }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

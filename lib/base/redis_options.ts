/**
 * The options of a connection to Redis that are not in its URL.
 *
 * @module
 */

import { nodeModule } from "./node_module.ts";
import { isObject } from "./option_checks.ts";
import { type OptionCheck, type OptionChecks, OptionRules } from "./option_rules.ts";

/** What a client trusts and shows in the handshake of TLS. Texts are in PEM form. */
export interface RedisTlsOptions {
  /** Certificates of the authorities to trust, in place of those that Deno trusts. */
  ca?: string | Uint8Array | undefined;
  /** The certificate of the client, for a server that requires one. Needs `key`. */
  cert?: string | Uint8Array | undefined;
  /** The private key of `cert`. */
  key?: string | Uint8Array | undefined;
  /** The name that the certificate of the server must have. Default: the host of the URL. */
  servername?: string | undefined;
}

/** How a client logs in, and how it uses TLS. */
export interface RedisConnectionOptions {
  /** The user, in place of one in `redisUrl`. Any characters, not encoded. Default: that of the URL. */
  redisUsername?: string | undefined;
  /** The password, in place of one in `redisUrl`. Any characters, not encoded. Default: that of the URL. */
  redisPassword?: string | undefined;
  /** The user at the sentinels, in place of `sentinelUsername` in `redisUrl`. Default: none. */
  redisSentinelUsername?: string | undefined;
  /** The password at the sentinels, in place of `sentinelPassword` in `redisUrl`. Default: none. */
  redisSentinelPassword?: string | undefined;
  /** Certificates and names, for a URL with TLS. Default: what Deno trusts, and no own certificate. */
  redisTls?: RedisTlsOptions | undefined;
}

const TLS = new OptionRules<RedisTlsOptions>("redisTls", {
  ca: pem("CERTIFICATE", readCertificate),
  cert: pem("CERTIFICATE", readCertificate),
  key: pem("PRIVATE KEY", readKey),
  servername: filledText,
});

/** The checks of `RedisConnectionOptions`. No error shows a value: it may be a secret in the wrong place. */
export const CONNECTION_CHECKS: OptionChecks<RedisConnectionOptions> = {
  redisUsername: filledText,
  redisPassword: filledText,
  redisSentinelUsername: filledText,
  redisSentinelPassword: filledText,
  redisTls: checkTls,
};

/** The options of a connection among others. */
export function connectionOptionsOf(options: RedisConnectionOptions): RedisConnectionOptions {
  const { redisUsername, redisPassword, redisSentinelUsername, redisSentinelPassword, redisTls } =
    options;
  return {
    redisUsername,
    redisPassword,
    redisSentinelUsername,
    redisSentinelPassword,
    // The program may change the bytes after the call.
    redisTls: redisTls && structuredClone(redisTls),
  };
}

/** Names that other clients have for the options, with those of this one. */
export const NAMES_ELSEWHERE: Readonly<Record<string, string>> = {
  username: "write redisUsername",
  password: "write redisPassword",
  tls: "write redisTls: { ca, cert, key, servername }",
  ca: "write redisTls: { ca }",
  cert: "write redisTls: { cert, key }",
  key: "write redisTls: { cert, key }",
  servername: "write redisTls: { servername }",
  sentinels: 'write redisUrl: "redis+sentinel://host:port,host:port/name"',
};

function checkTls(name: string, value: unknown): RedisTlsOptions {
  if (!isObject(value)) {
    throw new TypeError(
      `${name} must be an object such as { ca, cert, key, servername }, not ${kindOf(value)}`,
    );
  }
  const options = value as RedisTlsOptions;
  TLS.check(options);
  checkPair(name, options);
  return options;
}

/** The handshake would fail with a reason that names neither of them. */
function checkPair(name: string, { cert, key }: RedisTlsOptions): void {
  if (cert === undefined && key === undefined) return;
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? "cert" : "key";
    throw new TypeError(
      `${name} must have both cert and key, or neither: ${missing} is missing; add it`,
    );
  }
  if (readCertificate(cert).checkPrivateKey(readKey(key))) return;
  throw new TypeError(`${name}.key is not the key of ${name}.cert; pass those of one client`);
}

function readCertificate(text: string | Uint8Array) {
  return new (nodeModule("node:crypto").X509Certificate)(pemText(text));
}

function readKey(text: string | Uint8Array) {
  return nodeModule("node:crypto").createPrivateKey(pemText(text));
}

function filledText(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`${name} must be a string that is not empty, not ${kindOf(value)}`);
}

function pem(
  label: string,
  read: (text: string | Uint8Array) => unknown,
): OptionCheck<string | Uint8Array> {
  return (name, value) => {
    const isText = typeof value === "string" || value instanceof Uint8Array;
    if (!isText || !pemText(value).includes(`${label}-----`)) {
      throw new TypeError(
        `redisTls.${name} must be a text in PEM form with "-----BEGIN ${label}-----", as a string or ` +
          `a Uint8Array, not ${kindOf(value)}; read the file and pass what it contains`,
      );
    }
    try {
      read(value);
    } catch {
      // The reason could show a part of a key.
      throw new TypeError(
        `redisTls.${name} cannot be read: it is damaged, encrypted, or not a ${label.toLowerCase()}; ` +
          `pass it in PEM form, without a passphrase`,
      );
    }
    return value;
  };
}

/** The text of a value in PEM form. */
export function pemText(value: string | Uint8Array): string {
  return typeof value === "string" ? value : new TextDecoder().decode(value);
}

/** What a value is, without the value. */
function kindOf(value: unknown): string {
  if (value === "") return "an empty string";
  if (typeof value === "string") return "another string";
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}

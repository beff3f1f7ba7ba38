/**
 * Errors about URLs of Redis that are invalid. Where the password begins and ends in one is unknown.
 *
 * @module
 */

/** Makes the error of a URL. With a part of it, the reason begins with the part. */
export type Invalid = (reason: string, part?: string) => TypeError;

/** The error of a URL. It shows nothing of a URL that may have a password. */
export function invalidUrl(url: string, reason: string, part?: string): TypeError {
  const advice = /[@%]/.test(url) ? "; percent-encode its user name and password" : "";
  const about = part === undefined ? reason : `${shown(url, part, "it")} ${reason}`;
  return new TypeError(`cannot use redisUrl ${shown(url, url, "***")}: ${about}${advice}`);
}

function shown(url: string, part: string, instead: string): string {
  return /[@?#%]/.test(url) ? instead : JSON.stringify(part);
}

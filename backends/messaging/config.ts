/**
 * The configuration of a messaging backend, as data.
 *
 * @module
 */

/** Names a backend and the options to make it with. */
export interface MessagingConfigInit {
  /**
   * Module of the class: an entry of this package that has backends, such as `"./http"` or
   * `"@ringbus/ringbus/http"`, or the URL of a module.
   */
  backendModule: string;
  /** Name of the class that the module exports. */
  backendClass: string;
  /** Options of its constructor. Default: none. */
  backendConfig?: Record<string, unknown>;
}

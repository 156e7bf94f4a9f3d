/** The place that the page's URL names behind its `#`. */

import { type Address, parseAddress } from "../protocol/address";

/** The address that a text is, or was before some program on its way encoded it once more; null where it is none. */
export function addressIn(text: string): Address | null {
  try {
    return parseAddress(text) ?? parseAddress(decodeURIComponent(text));
  } catch {
    return null; // a stray % that encodes nothing
  }
}

/**
 * The address of a place, as people copy it: `model/layer/channel@y,x?FTT,saliency,TTT#image`.
 * Vector layers have no `@y,x`; architectures and image may be absent, and then stay as they are.
 */

export interface Address {
  readonly model: string;
  readonly layer: string;
  readonly channel: number;
  readonly y: number | null;
  readonly x: number | null;
  readonly architectures: readonly string[];
  readonly image: string | null;
}

const PATTERN = /^([^/?#]+)\/([^/?#]+)\/(\d{1,9})(?:@(\d{1,9}),(\d{1,9}))?(?:\?([^?#]+))?(?:#([^?#]+))?$/;

const quote = (part: string): string => part.replace(/[/?#%,\s]/g, encodeURIComponent);

export const formatAddress = (address: Address): string => {
  const place = address.y === null || address.x === null ? "" : `@${address.y},${address.x}`;
  const codes = address.architectures.map(quote).join(",");
  return (
    `${quote(address.model)}/${quote(address.layer)}/${address.channel}${place}` +
    (codes === "" ? "" : `?${codes}`) +
    (address.image === null ? "" : `#${quote(address.image)}`)
  );
};

/** The address written in `text`, or null where it is none. */
export const parseAddress = (text: string): Address | null => {
  const [whole, model = "", layer = "", channel, y, x, codes = "", image] = PATTERN.exec(text.trim()) ?? [];
  if (!whole) return null;
  const number = (digits: string | undefined): number | null => (digits ? Number(digits) : null);
  try {
    return {
      model: decodeURIComponent(model),
      layer: decodeURIComponent(layer),
      channel: Number(channel),
      y: number(y),
      x: number(x),
      architectures: codes.split(",").filter(Boolean).map(decodeURIComponent),
      image: image ? decodeURIComponent(image) : null,
    };
  } catch {
    return null; // a stray % that encodes nothing
  }
};

/** The address that a URL's fragment is, or was before a program on its way encoded it once more; else null. */
export const addressInUrl = (fragment: string): Address | null => {
  try {
    return parseAddress(fragment) ?? parseAddress(decodeURIComponent(fragment));
  } catch {
    return null; // a stray % that encodes nothing
  }
};

/** The pictures that stand side by side, with their box and scale. */

import { memoized } from "../../memoized";
import { largestNorm, type Painting, type Picture, type Reference } from "../../pictures/display";
import { edgePicture } from "../../pictures/edges";
import { type Box, wholeBox } from "../../pictures/geometry";
import type { Reconstruction, ShownView } from "../../protocol/shown_view";
import type { State } from "../../store/state";
import { valueText } from "../../text";

export interface ShownPicture {
  /** With the code it identifies the picture's canvas. */
  readonly attribute: "data-code" | "data-random" | "data-edges" | "data-compared";
  readonly code: string;
  /** 0 or 1, of two compared places. */
  readonly side?: number;
  readonly name: string;
  /** Describes the picture to screen readers. */
  readonly label: string;
  readonly range: string;
  /** Null while the kernel computes it. */
  readonly picture: Picture | null;
  readonly window: Box;
  readonly painting: Painting;
}

/** The box of the image that all pictures show. */
export const viewBox = ({ network: { image }, view: { window } }: ShownView, zoom: State["zoom"]): Box => {
  const whole = zoom === "whole image" || window.height * window.width === 0;
  return whole ? wholeBox(image) : window;
};

type Columns = readonly (readonly ShownPicture[])[];

/** Returns what makes the columns of a state: of one picture, or of two where those of random weights stand below. */
export const pictureColumns = (): ((state: State, shown: ShownView) => Columns) => {
  const edgesOf = memoized(edgePicture);
  const columnsOf = memoized(
    (
      shown: ShownView,
      mode: State["display"],
      gain: number,
      scale: State["scale"],
      zoom: State["zoom"],
      edges: boolean,
      wantsRandom: boolean,
      panel: State["panels"]["random"],
    ): Columns => {
      const { view, photograph, network, reconstructions } = shown;
      const common = { mode, gain, photograph: photograph.pixels, image: network.image };
      const ofRow = (row: readonly Reconstruction[], window: Box, code: string) => {
        const picture = row.find(({ info }) => info.code === code) ?? null;
        const compared = scale === "own" && picture ? [picture] : row;
        return {
          code,
          picture,
          window,
          painting: { ...common, reference: strongest(compared) },
          range: rangeText(picture),
        };
      };
      const columns = reconstructions.map(({ info: { code, name } }): readonly ShownPicture[] => {
        const label = `${name} of neuron ${view.neuron.channel}`;
        const above = ofRow(reconstructions, view.window, code);
        const chosen: ShownPicture = { ...above, attribute: "data-code", name, label: `${label}: ${above.range}` };
        if (!wantsRandom) return [chosen];
        const below = ofRow(panel?.reconstructions ?? [], panel?.window ?? view.window, code);
        const random = { name: "random weights", label: `${label} with random weights: ${below.range}` };
        return [chosen, { ...below, ...random, attribute: "data-random" }];
      });
      if (!edges) return columns;
      const window = viewBox(shown, zoom);
      const picture = edgesOf(photograph.pixels, network.image, window);
      const range = `0 … ${valueText(picture.scale)}`;
      const label = `edges of the photograph: ${range} luminance a pixel`;
      const own = {
        code: "",
        name: "edges",
        label,
        range,
        picture,
        window,
        painting: { ...common, reference: picture },
      };
      return [...columns, [{ ...own, attribute: "data-edges" }]];
    },
  );
  return ({ display, gain, scale, zoom, edges, panelRequest, panels }, shown) =>
    columnsOf(shown, display, gain, scale, zoom, edges, panelRequest.random, panels.random);
};

const strongest = (row: readonly Reconstruction[]): Reference => {
  const largest = (of: "q" | "scale"): number => Math.max(0, ...row.map(({ info }) => info[of]));
  return { q: largest("q"), scale: largest("scale"), norm: Math.max(0, ...row.map(largestNorm)) };
};

export const rangeText = (picture: Reconstruction | null): string => {
  if (!picture) return "…";
  return picture.info.max === 0 ? "zero everywhere" : `±${valueText(picture.info.max)}`;
};

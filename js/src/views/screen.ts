/** All views of a display, each in its place. */

import { type Child, h, plain } from "../dom";
import type { State } from "../store/state";
import { atlasView } from "./atlas/atlas";
import type { ViewServices } from "./component";
import { modeBar, pictureControls } from "./controls/display_controls";
import { exemplarStrip } from "./exemplars";
import { header } from "./header";
import { imageView } from "./image/image";
import { layerStrip } from "./layer_strip";
import { comparison } from "./pictures/comparison";
import { layerTrace } from "./pictures/layer_trace";
import { reconstructions } from "./pictures/reconstructions";
import { pins } from "./pins";
import { statusLine } from "./status";

export const screen = (
  services: ViewServices,
  save: () => void,
  toggleHelp: () => void,
): ((state: State) => readonly Child[]) => {
  const { store } = services;
  const [top, strip, image, atlas] = [
    header(services, toggleHelp),
    layerStrip(services),
    imageView(services),
    atlasView(services),
  ];
  const [modes, pictures, back] = [modeBar(services, save), reconstructions(services), layerTrace(services)];
  const [compared, pinned, status] = [comparison(store), pins(services), statusLine(services)];
  return (state) => [
    top(state),
    strip(state),
    plain(
      ".columns",
      image(state),
      atlas(state),
      h(
        "section.reconstructions",
        { label: "reversed pictures" },
        modes(state),
        pictures(state),
        pictureControls(store, state),
        back(state),
      ),
    ),
    exemplarStrip(store, state),
    compared(state),
    pinned(state),
    status(state),
  ];
};

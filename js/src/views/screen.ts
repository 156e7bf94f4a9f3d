/** All views of a display, each in its place. */

import { type Child, h, plain } from "../dom";
import type { State } from "../store/state";
import { atlasView } from "./atlas/atlas";
import { comparison } from "./pictures/comparison";
import { modeBar, pictureControls } from "./controls/display_controls";
import { exemplarStrip } from "./exemplars";
import { header } from "./header";
import { imageView } from "./image/image";
import { layerStrip } from "./layer_strip";
import { pins } from "./pins";
import { reconstructions } from "./pictures/reconstructions";
import type { Stage } from "./component";
import { statusLine } from "./status";
import { wayBack } from "./pictures/layer_trace";

export const screen = (
  stage: Stage,
  save: () => void,
  toggleHelp: () => void,
): ((state: State) => readonly Child[]) => {
  const { store } = stage;
  const [top, strip, image, atlas] = [header(stage, toggleHelp), layerStrip(stage), imageView(stage), atlasView(stage)];
  const [modes, pictures, back] = [modeBar(stage, save), reconstructions(stage), wayBack(stage)];
  const [compared, pinned, status] = [comparison(store), pins(stage), statusLine(stage)];
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

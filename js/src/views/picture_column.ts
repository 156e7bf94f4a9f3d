/** The column of the reversed pictures, from top to bottom: each part is told of every change. */

import { modeBar, pictureControls } from "./display_controls";
import { reconstructions } from "./reconstructions";
import type { Part, Stage } from "./stage";
import { wayBack } from "./way_back";

export function pictureParts(stage: Stage): readonly Part[] {
  return [modeBar(stage), reconstructions(stage), pictureControls(stage), wayBack(stage)];
}

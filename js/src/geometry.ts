/** Places on activation maps, pixels of the image, and boxes on the screen. All pairs are (y, x), all boxes half-open. */

import { ceil, floor, max, min, round } from "./arithmetic";
import type { ReceptiveField } from "./protocol";

export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export interface Extent {
  readonly height: number;
  readonly width: number;
}

export interface Place {
  readonly y: number;
  readonly x: number;
}

export function clamp(value: number, low: number, high: number): number {
  return min(high, max(low, value));
}

export function contains(box: Box, { y, x }: Place): boolean {
  return y >= box.top && x >= box.left && y < box.top + box.height && x < box.left + box.width;
}

/** The part of `box` inside an image; of zero size where they do not meet. */
export function clipped(box: Box, image: Extent): Box {
  const top = clamp(box.top, 0, image.height);
  const left = clamp(box.left, 0, image.width);
  return {
    top,
    left,
    height: max(0, min(box.top + box.height, image.height) - top),
    width: max(0, min(box.left + box.width, image.width) - left),
  };
}

/** The pixels that the neuron at (y, x) sees; the whole image where the layer is not local. */
export function receptiveField(field: ReceptiveField | null, place: Place, image: Extent): Box {
  if (field === null) return { top: 0, left: 0, ...image };
  const [height, width] = field.size;
  const top = field.offset[0] + place.y * field.stride[0];
  const left = field.offset[1] + place.x * field.stride[1];
  return clipped({ top, left, height, width }, image);
}

/**
 * Where a map lies on the image: each place covers a stride around the centre of its receptive field.
 * A layer that is not local is stretched over the whole image.
 */
export function mapBox(field: ReceptiveField | null, map: Extent, image: Extent): Box {
  if (field === null) return { top: 0, left: 0, ...image };
  const start = (axis: 0 | 1): number => field.offset[axis] + field.size[axis] / 2 - field.stride[axis] / 2;
  return {
    top: start(0),
    left: start(1),
    height: map.height * field.stride[0],
    width: map.width * field.stride[1],
  };
}

/** The place of a map whose cell holds the point (y, x) of `box`, in which the map is drawn; the nearest one outside. */
export function placeAt(point: Place, box: Box, map: Extent): Place {
  const index = (fraction: number, count: number): number => clamp(floor(fraction * count), 0, count - 1);
  return {
    y: index((point.y - box.top) / box.height, map.height),
    x: index((point.x - box.left) / box.width, map.width),
  };
}

/** The cell of one place of a map that is drawn in `box`. */
export function cellBox(place: Place, box: Box, map: Extent): Box {
  const height = box.height / map.height;
  const width = box.width / map.width;
  return { top: box.top + place.y * height, left: box.left + place.x * width, height, width };
}

/** Tiles of equal size in rows, `pitch` apart, that fill a width. */
export interface TileLayout {
  readonly columns: number;
  readonly tile: Extent;
  readonly pitch: Extent;
}

/** As many tiles in a row as come nearest to `wish` pixels wide, shaped like a map of the extent `shape`. */
export function tileLayout(width: number, wish: number, gap: number, shape: Extent): TileLayout {
  const columns = max(2, round((width + gap) / (wish + gap)));
  const tileWidth = max(8, (width - gap * (columns - 1)) / columns);
  const tileHeight = clamp((tileWidth * shape.height) / shape.width, tileWidth / 4, tileWidth * 4);
  return {
    columns,
    tile: { height: tileHeight, width: tileWidth },
    pitch: { height: tileHeight + gap, width: tileWidth + gap },
  };
}

/** The box of the tile at a position in the order, from the top of the first row. */
export function tileBox(position: number, layout: TileLayout): Box {
  return {
    top: floor(position / layout.columns) * layout.pitch.height,
    left: (position % layout.columns) * layout.pitch.width,
    ...layout.tile,
  };
}

/** The position in the order of the tile under a point, or null in a gap and beyond the last of `count`. */
export function tileAt(point: Place, layout: TileLayout, count: number): number | null {
  const row = floor(point.y / layout.pitch.height);
  const column = floor(point.x / layout.pitch.width);
  if (row < 0 || column < 0 || column >= layout.columns) return null;
  const inside =
    point.y - row * layout.pitch.height < layout.tile.height &&
    point.x - column * layout.pitch.width < layout.tile.width;
  const position = row * layout.columns + column;
  return inside && position < count ? position : null;
}

export function tilesHeight(count: number, layout: TileLayout): number {
  const rows = ceil(count / layout.columns);
  return rows * layout.pitch.height - (layout.pitch.height - layout.tile.height);
}

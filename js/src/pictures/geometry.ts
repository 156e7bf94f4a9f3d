/** Places on activation maps, pixels of the image, and boxes on the screen. All pairs are (y, x), all boxes half-open. */

export type Extent = Readonly<{ height: number; width: number }>;

export interface Box extends Extent {
  readonly top: number;
  readonly left: number;
}

export type Place = Readonly<{ y: number; x: number }>;

export type Pair = readonly [y: number, x: number];

export type ReceptiveField = Readonly<{ stride: Pair; offset: Pair; size: Pair }>;

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const contains = (box: Box, { y, x }: Place): boolean =>
  y >= box.top && x >= box.left && y < box.top + box.height && x < box.left + box.width;

export const wholeBox = ({ height, width }: Extent): Box => ({ top: 0, left: 0, height, width });

/** The part of `box` inside an image; empty where they do not meet. */
export const clipped = (box: Box, image: Extent): Box => {
  const top = clamp(box.top, 0, image.height);
  const left = clamp(box.left, 0, image.width);
  return {
    top,
    left,
    height: Math.max(0, Math.min(box.top + box.height, image.height) - top),
    width: Math.max(0, Math.min(box.left + box.width, image.width) - left),
  };
};

/** The pixels that the neuron at (y, x) sees; the whole image where the layer is not local. */
export const receptiveField = (field: ReceptiveField | null, place: Place, image: Extent): Box => {
  if (field === null) return wholeBox(image);
  const [height, width] = field.size;
  const top = field.offset[0] + place.y * field.stride[0];
  const left = field.offset[1] + place.x * field.stride[1];
  return clipped({ top, left, height, width }, image);
};

/** Where a map lies on the image: each place covers a stride around its receptive field’s centre; all if not local. */
export const mapBox = (field: ReceptiveField | null, map: Extent, image: Extent): Box => {
  if (field === null) return wholeBox(image);
  const start = (axis: 0 | 1): number => field.offset[axis] + field.size[axis] / 2 - field.stride[axis] / 2;
  return { top: start(0), left: start(1), height: map.height * field.stride[0], width: map.width * field.stride[1] };
};

/** The place of a map drawn in `box` whose cell holds a point; the nearest one for points outside. */
export const placeAt = (point: Place, box: Box, map: Extent): Place => {
  const index = (fraction: number, count: number): number => clamp(Math.floor(fraction * count), 0, count - 1);
  return {
    y: index((point.y - box.top) / box.height, map.height),
    x: index((point.x - box.left) / box.width, map.width),
  };
};

/** The cell of one place of a map that is drawn in `box`. */
export const cellBox = (place: Place, box: Box, map: Extent): Box => {
  const height = box.height / map.height;
  const width = box.width / map.width;
  return { top: box.top + place.y * height, left: box.left + place.x * width, height, width };
};

/** Tiles of equal size in rows, `gap` apart, that fill a width. */
export type TileLayout = Extent & Readonly<{ columns: number; gap: number }>;

/** Chooses as many tiles in a row as bring their width nearest to `preferred`; shaped like a map of the extent `shape`. */
export const tileLayout = (whole: number, preferred: number, gap: number, shape: Extent): TileLayout => {
  const columns = Math.max(2, Math.round((whole + gap) / (preferred + gap)));
  const width = Math.max(8, (whole + gap) / columns - gap);
  return { columns, gap, width, height: clamp((width * shape.height) / shape.width, width / 4, width * 4) };
};

/** The box of the tile at a position in the order. */
export const tileBox = (position: number, { columns, gap, height, width }: TileLayout): Box => ({
  top: Math.floor(position / columns) * (height + gap),
  left: (position % columns) * (width + gap),
  height,
  width,
});

/** The position of the tile under a point, or null in a gap and beyond the last of `count`. */
export const tileAt = (point: Place, layout: TileLayout, count: number): number | null => {
  const { columns, gap, height, width } = layout;
  const column = Math.floor(point.x / (width + gap));
  const position = Math.floor(point.y / (height + gap)) * columns + column;
  const there = column >= 0 && column < columns && position < count && contains(tileBox(position, layout), point);
  return there ? position : null;
};

export const tilesHeight = (count: number, { columns, gap, height }: TileLayout): number =>
  Math.ceil(count / columns) * (height + gap) - gap;

/**
 * How long things in a store may be, so that whoever reads them needs no more memory than that, whatever somebody put there. What
 * is longer is damaged, and holds its stream.
 */

/** A line: one event, or a line of a snapshot's header. Nothing longer is written. */
export const MOST_LINE_BYTES = 64 * 1024 * 1024;

/** Characters of one call's arguments as JSON: as UTF-8 they fit into a line, with all else that stands in it. */
export const MOST_ARGUMENT_LENGTH = 20 * 1024 * 1024;

/** The first line of a stream: enough to continue some hundred thousand cut streams. */
export const MOST_HEADER_BYTES = 16 * 1024 * 1024;

/** A frontier: after a million seals it is about so long. */
export const MOST_FRONTIER_BYTES = 16 * 1024 * 1024;

/** A file that is read as a whole: a segment of one's own, which is closed at 16 MiB as a rule. It must fit into one string. */
export const MOST_SEGMENT_BYTES = 500 * 1024 * 1024;

/** A bundle: some events and a frontier. */
export const MOST_BUNDLE_BYTES = 32 * 1024 * 1024;

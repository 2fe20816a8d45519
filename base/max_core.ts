/** The highest core number that is understood; Linux itself stops far below. It bounds masks and lists made from user text. */
export const MAX_CORE = 65_535;

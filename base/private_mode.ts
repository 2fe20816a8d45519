/**
 * The modes of what may hold secrets: urls with keys in them, headers, passwords. A umask can only take further rights away.
 *
 * @module
 */

/** A file that its owner alone may read. */
export const PRIVATE_FILE = 0o600;
/** A folder that its owner alone may enter. */
export const PRIVATE_FOLDER = 0o700;
/** Who may read a file beside its owner. */
export const OTHERS_READ = 0o044;

/** What an S3 url needs beside itself. */
export interface S3Access {
  /** Where the buckets are, each below its name; absent: Amazon, in `region`. */
  endpoint?: string;
  /** The region that requests are signed for. */
  region: string;
  /** Whoever asks pays for it, if the owner of the bucket wants that. Default false. */
  requestPayer?: boolean;
  /** Who asks; absent: nobody, for buckets that everybody may read. */
  credentials?: {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string;
    /** When they end, in milliseconds since the epoch. */
    expiresAt?: number;
  };
  /** Nobody is to ask, whatever credentials there are. Default false. */
  unsigned?: boolean;
}

/** The access, or why there is none. */
export type S3Answer = { type: "access"; access: S3Access } | { type: "problem"; message: string };

/** What the S3 driver asks of those who may read the user's files. */
export interface S3Ports {
  /** Tells who asks, and where. */
  access(): Promise<S3Answer>;
}

/** S3 against s3rver, which others wrote. */
import { driverContract } from "./driver_contract.ts";
import { OBJECT_SKIPS, S3Bucket } from "./s3_bucket.ts";

driverContract({
  name: "S3Driver",
  start: () => S3Bucket.start(),
  skips: {
    "gives the first byte of a file alone": "s3rver takes a last byte of 0 for none",
    "gives all of a file instead of a part of another version": "s3rver reads no If-Range; the core compares the ETag",
    ...OBJECT_SKIPS,
  },
});

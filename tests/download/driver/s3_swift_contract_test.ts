/** S3 against OpenStack Swift, which others wrote and which checks signatures. */
import { driverContract } from "./driver_contract.ts";
import { OBJECT_SKIPS, S3Bucket } from "./s3_bucket.ts";

driverContract({
  name: "S3Driver",
  start: () => S3Bucket.startSwift(),
  skips: {
    "says that it gives parts": "Swift says nothing of parts, and gives them",
    "gives all of a file instead of a part of another version": "Swift reads no If-Range; the core compares the ETag",
    ...OBJECT_SKIPS,
  },
});

/** S3 against OpenStack Swift, which others wrote and which checks signatures. */
import { driverContract } from "./driver_contract.ts";
import { S3Bucket } from "./s3_bucket.ts";

driverContract({
  name: "S3Driver",
  start: () => S3Bucket.startSwift(),
  skips: {
    "says that it gives parts": "Swift says nothing of parts, and gives them",
    "gives all of a file instead of a part of another version": "Swift reads no If-Range; the core compares the ETag",
    "tells when a file was modified": "an object has the date at which it was put",
    "says that a file must not be read, which does not pass": "the server guards no object by itself",
    "notices that a file is written to while it comes, be it whole or a part": "an object is never written to",
    "fails where a file becomes shorter while it comes": "an object is never written to",
    "finds nothing in a folder without files": "there are no folders: a prefix stands for what begins so",
    "says that there is no such folder": "there are no folders: a prefix that nothing begins with is an empty one",
    "passes links over, which may lead in circles": "objects are no links",
  },
});

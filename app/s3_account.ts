import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { showAddress } from "../base/show_address.ts";
import { parseEndpoint } from "../config/cfg_parse.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { S3Answer } from "../download/protocols/s3_access.ts";
import { startingAwsProcesses, type StartProcess } from "./aws_processes.ts";

/** What decides beside the environment. */
export type S3Settings = Pick<CfgSettings, "s3Endpoint" | "s3RequestPayer" | "s3NoSignRequest">;

const REGION = "us-east-1";

/**
 * Finds out who asks for S3 objects, as Amazon's own tools do: the environment, the files of the profile (with roles and
 * single sign-on), and what the machine or the container offers. If none of them has anything, nobody in particular asks.
 *
 * @param settings Where the buckets are, whether whoever asks pays, and whether nobody is to ask. Default: what the environment
 * says, else Amazon.
 * @param start Starts the processes of a profile, such as its `credential_process`. Default: as any process.
 */
export async function s3Account(
  { s3Endpoint: endpoint, s3RequestPayer: requestPayer = false, s3NoSignRequest: unsigned = false }: Partial<
    S3Settings
  >,
  start: StartProcess = (spawn) => spawn(),
): Promise<S3Answer> {
  const env = (name: string) => Deno.env.get(name) || undefined;
  const named = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].find((name) => env(name) !== undefined);
  const parsed = endpoint !== undefined
    ? { value: endpoint }
    : named === undefined
    ? undefined
    : parseEndpoint(env(named)!);
  if (parsed !== undefined && "must" in parsed) {
    const shown = showAddress(env(named!)!);
    return { type: "problem", message: `the variable ${named} must ${parsed.must}: current value is "${shown}"` };
  }
  const where = parsed?.value.replace(/\/+$/, "");
  try {
    const region = env("AWS_REGION") ?? env("AWS_DEFAULT_REGION") ?? await profileRegion(env("AWS_PROFILE")) ?? REGION;
    const credentials = unsigned
      ? undefined
      : await startingAwsProcesses(start, () => findCredentials(env("AWS_PROFILE") !== undefined));
    return {
      type: "access",
      access: {
        region,
        ...(where === undefined ? {} : { endpoint: where }),
        ...(credentials === undefined ? {} : { credentials }),
        ...(requestPayer ? { requestPayer } : {}),
        ...(unsigned ? { unsigned } : {}),
      },
    };
  } catch (error) {
    const profile = env("AWS_PROFILE");
    const whose = profile === undefined ? "" : ` for the profile "${profile}"`;
    const message = `no S3 credentials${whose}: ${error instanceof Error ? error.message : String(error)}`;
    return { type: "problem", message };
  }
}

async function findCredentials(named: boolean) {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await defaultProvider({
      timeout: 1000,
      maxRetries: 0,
    })();
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expiration === undefined ? {} : { expiresAt: expiration.getTime() }),
    };
  } catch (error) {
    // Who names a profile does not want to be nobody.
    if (named || (error as Error).name !== "CredentialsProviderError") throw error;
    return undefined;
  }
}

async function profileRegion(profile = "default"): Promise<string | undefined> {
  const { configFile } = await loadSharedConfigFiles();
  return configFile[profile]?.region;
}

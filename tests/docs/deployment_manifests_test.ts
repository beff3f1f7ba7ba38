// The Compose file and the Pod: their containers share one directory in memory, and their commands run in
// namespaces of their own. Only root can start them.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { until } from "../support/deadline.ts";
import { freePort } from "../support/free_port.ts";
import { ROOT, Running } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

const canContain = Deno.build.os === "linux" && Deno.uid() === 0;

const CONTAINER = ["--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts"];

function read(file: string) {
  const text = Deno.readTextFileSync(new URL(`examples/deployment/${file}`, ROOT));
  return parse(text, { merge: true });
}

/** Runs the command of a container. */
function start(name: string, [deno, ...args]: string[], RINGBUS_DIR: string): Running {
  assert.equal(deno, "deno");
  const env = { RINGBUS_DIR };
  return new Running(name, "unshare", [...CONTAINER, Deno.execPath(), ...args], {
    env,
    isGroup: true,
  });
}

/** The farm's jobs are done by the worker. */
async function checkFarm(farm: string[], worker: string[], dir: string): Promise<void> {
  await using working = start("worker", worker, dir);
  await working.prints("ready");
  await using farming = start("farm", farm, dir);
  assert.match((await farming.lines()).at(-1)!, /^60 jobs are done/);
  await working.lines();
}

Deno.test({
  name: "compose.yaml: the containers share one volume in memory, and work together",
  ignore: !canContain,
  fn: () =>
    inScratch(async ({ path }) => {
      const { services: { farm, worker }, volumes: { channels } } = read("compose.yaml");
      for (const { user, volumes, environment } of [farm, worker]) {
        assert.deepEqual(volumes, [`channels:${environment.RINGBUS_DIR}`]);
        assert.match(channels.driver_opts.o, new RegExp(`uid=${user},mode=0700`));
      }
      assert.equal(channels.driver_opts.type, "tmpfs");
      await checkFarm(farm.command.split(" "), worker.command.split(" "), path);
    }),
});

Deno.test({
  name: "pod.yaml: the containers share memory, and the sidecar passes its probes",
  ignore: !canContain,
  fn: () =>
    inScratch(async ({ path }) => {
      const { kind, spec: { initContainers: [sidecar], containers, volumes } } = read("pod.yaml");
      assert.equal(kind, "Pod");
      assert.equal(volumes[0].emptyDir.medium, "Memory");
      for (const { env: [{ value }], volumeMounts: [mount] } of [sidecar, ...containers]) {
        assert.equal(mount.name, volumes[0].name);
        assert.equal(value, `${mount.mountPath}/segments`);
      }
      const dir = `${path}/segments`;
      const token = `${path}/token`;
      Deno.writeTextFileSync(token, "s3cret");
      const port = freePort();
      const args: string[] = sidecar.args.map((arg: string) =>
        ({ "/secrets/token": token, "8080": `${port}`, "31134": "0" })[arg] ?? arg
      );
      await using server = start("sidecar", [...sidecar.command, ...args], dir);
      for (const probe of [sidecar.startupProbe, sidecar.livenessProbe]) {
        assert.equal(probe.httpGet.port, 8080);
        await until(() => isUp(port, probe.httpGet.path), "the reply to the probe");
      }
      await checkFarm(containers[0].command, containers[1].command, dir);
      server.kill("SIGTERM");
      await server.lines();
      Deno.removeSync(token);
      Deno.removeSync(dir);
    }),
});

/** Asks as the kubelet does: by another address than that of the loopback interface. */
async function isUp(port: number, path: string): Promise<boolean> {
  const command = ["--silent", "--fail", "--header", "Host: 10.1.2.3:8080"];
  const args = [...command, `http://127.0.0.1:${port}${path}`];
  return (await new Deno.Command("curl", { args }).output()).success;
}

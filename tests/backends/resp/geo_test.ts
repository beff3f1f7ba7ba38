// Commands of positions. The differential test compares their replies with those of a real server.

import assert from "node:assert/strict";
import fc from "fast-check";
import { decodePosition, encodePosition } from "../../../backends/resp/commands/geohash.ts";
import { assertProperty } from "../../support/property.ts";
import { respEngine } from "../../support/resp_engine.ts";

Deno.test("resp: places are found by their distance", () => {
  const { call, events } = respEngine();
  call("GEOADD", "it", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania");
  assert.equal(call("GEODIST", "it", "Palermo", "Catania", "km"), "166.2742");
  assert.deepEqual(call("GEOHASH", "it", "Palermo", "none"), ["sqc8b49rny0", null]);
  const search = ["GEOSEARCH", "it", "FROMLONLAT", "15", "37", "BYRADIUS", "200", "km"];
  assert.deepEqual(call(...search, "ASC"), ["Catania", "Palermo"]);
  assert.deepEqual(call(...search, "DESC", "WITHDIST", "COUNT", "1"), [["Palermo", "190.4424"]]);
  const area = ["FROMMEMBER", "Palermo", "BYBOX", "1", "1", "m"];
  assert.equal(call("GEOSEARCHSTORE", "near", "it", ...area), 1);
  assert.deepEqual(events, ["zadd it", "geosearchstore near"]);
});

Deno.test("resp: places beyond the meridian of 180 degrees are found as well", () => {
  const { call } = respEngine();
  call("GEOADD", "fiji", "179.9", "-18", "west", "-179.9", "-18", "east");
  const around = ["FROMLONLAT", "180", "-18", "BYRADIUS", "50", "km"];
  assert.deepEqual(call("GEOSEARCH", "fiji", ...around), ["east", "west"]);
});

Deno.test("a position is not far from what its number says", () => {
  const longitude = fc.double({ min: -180, max: 179.999, noNaN: true });
  const latitude = fc.double({ min: -85, max: 85, noNaN: true });
  assertProperty(fc.property(longitude, latitude, (longitude, latitude) => {
    const number = encodePosition({ longitude, latitude });
    assert.ok(Number.isInteger(number) && number >= 0 && number < 2 ** 52);
    const position = decodePosition(number);
    const isNear = (one: number, other: number) => Math.abs(one - other) < 1e-5;
    assert.ok(isNear(position.longitude, longitude) && isNear(position.latitude, latitude));
  }));
});

"""Run in the folder above with: python3 -m unittest discover tests"""

import json
import unittest
from unittest import mock

from src import handler


def get(path, **parameters):
    """Status and body that the API answers with."""
    event = {"rawPath": path, "queryStringParameters": parameters} if parameters else {"rawPath": path}
    result = handler.handler(event, None)
    return result["statusCode"], json.loads(result["body"])


class TestFahrenheit(unittest.TestCase):
    def test_temperatures_are_converted(self):
        for celsius, fahrenheit in (("0", 32.0), ("100", 212.0), ("-40", -40.0), ("36.6", 97.88), ("-273.15", -459.67)):
            status, body = get("/fahrenheit", celsius=celsius)
            self.assertEqual((status, body["fahrenheit"]), (200, fahrenheit), celsius)

    def test_what_is_no_temperature_is_refused(self):
        for celsius in ("", "warm", "nan", "inf", "-274"):
            self.assertEqual(get("/fahrenheit", celsius=celsius)[0], 400, celsius)

    def test_a_missing_temperature_is_told(self):
        self.assertEqual(get("/fahrenheit"), (400, {"error": "celsius is missing"}))


class TestRoot(unittest.TestCase):
    def test_it_says_its_stage(self):
        with mock.patch.dict("os.environ", STAGE="test"):
            self.assertEqual(get("/")[1]["stage"], "test")

    def test_it_says_its_version(self):
        with (
            mock.patch.object(handler.Path, "exists", return_value=True),
            mock.patch.object(handler.Path, "read_text", return_value="4f2a\n"),
        ):
            self.assertEqual(get("/")[1]["version"], "4f2a")

    def test_any_other_path_is_not_found(self):
        self.assertEqual(get("/celsius")[0], 404)


if __name__ == "__main__":
    unittest.main()

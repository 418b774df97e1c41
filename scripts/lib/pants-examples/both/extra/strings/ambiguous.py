import some_thing

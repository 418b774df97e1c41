import some_thing.part
